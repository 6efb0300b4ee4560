import { at, type Random } from './random.js';

const words = (text: string): string[] => text.trim().split(/\s+/);

export const adjectives = words(`
  Amber Ancient Arctic Ashen Autumn Bashful Bitter Blue Borrowed Brass Bright Broken Bronze Brittle Careful Chrome Clever Cobalt Copper Coral
  Crimson Crooked Curious Damp Dapper Dazzling Distant Dizzy Dusty Eager Early Electric Emerald Empty Endless Faded Faint Feral Final Flooded
  Forgotten Formal Frozen Gentle Gilded Glass Golden Grand Hasty Hidden Hollow Honest Humble Idle Indigo Invisible Ivory Jagged Jolly Last Late
  Lazy Lemon Little Loyal Lucky Lunar Magnetic Marble Mellow Midnight Mild Modern Muted Narrow Nervous Neon Nimble Northern Odd Paper Patient
  Pearl Phantom Plastic Polite Porcelain Proud Quiet Restless Rough Royal Rusty Sacred Salty Scarlet Secret Shallow Silent Silver Simple Sleepy
  Slow Solar Solemn Southern Stubborn Subtle Sudden Sullen Tender Thirsty Timid Tiny Tropical Twisted Velvet Violet Wandering Weary Western Wild
`);

export const nouns = words(`
  Acorn Anchor Antenna Apricot Arcade Armchair Atlas Attic Avalanche Balcony Ballot Bamboo Barometer Basement Beacon Bicycle Blanket Bonfire Boulder
  Brick Bridge Bucket Button Cabin Cactus Camera Canal Candle Canyon Carbon Cargo Carousel Cartoon Castle Cathedral Cedar Cellar Chalk Chimney Cinema
  Circuit Citrus Clockwork Cloud Coffee Comet Compass Concrete Cotton Courtyard Cradle Crayon Crystal Curtain Cyclone Daisy Delta Desert Diesel Domino
  Dune Echo Elbow Elevator Ember Engine Fable Factory Feather Ferry Festoon Fiction Fjord Flannel Flint Fountain Furnace Galaxy Gallery Garage Garden
  Geyser Ginger Glacier Granite Gravel Gravity Hammer Harbour Harvest Hazel Helium Hexagon Horizon Iceberg Igloo Island Jasmine Jigsaw Juniper Kettle
  Keyhole Ladder Lagoon Lantern Lemonade Library Lighthouse Linen Lobby Magnet Maple Market Meadow Melon Meteor Mirror Mosaic Mountain Museum Mustard
  Nebula Nutmeg Oasis Oatmeal Obelisk Ocean Olive Opal Orbit Orchard Oyster Palace Papaya Parade Pavement Pebble Pendulum Pepper Piano Pillow Pistachio
  Planet Plaza Pocket Prairie Prism Pumpkin Puzzle Quarry Quartz Quilt Radar Radio Raft Railway Rainfall Ribbon River Rocket Saffron Satellite
  Saturday Shadow Signal Sofa Spiral Static Statue Submarine Suitcase Summit Sunday Tangerine Teapot Telegram Telescope Temple Theorem Thunder Ticket
  Timber Tobacco Tractor Tundra Tunnel Turbine Umbrella Valley Vanilla Vertigo Vinyl Volcano Walnut Weather Whistle Willow Window Winter Yonder Zeppelin
`);

const crowds = words(`
  Aardvarks Accountants Acrobats Admirals Almanacs Ambassadors Antelopes Apostrophes Archivists Architects Astronomers Athletes Badgers Bakers Barbers
  Beekeepers Bisons Botanists Bricklayers Brothers Butchers Butlers Caretakers Carpenters Cartographers Cellists Chameleons Champions Chemists Clerks
  Coats Coders Commuters Cousins Cranes Crocodiles Crows Curators Dancers Daughters Dentists Detectives Diplomats Divers Dolphins Dragonflies Dreamers
  Drivers Editors Eels Elks Emperors Explorers Falcons Farmers Ferrets Finches Foxes Gardeners Gazelles Geese Giants Glaziers Goats Gondoliers Guardians
  Hares Hedgehogs Herons Historians Hornets Illusionists Inspectors Inventors Jackdaws Janitors Jellyfish Jewellers Jugglers Kestrels Lemurs Librarians
  Lobsters Locksmiths Lynxes Magpies Mammoths Mariners Masons Mathematicians Mechanics Messengers Miners Moles Moths Narwhals Navigators Neighbours
  Newts Nomads Notaries Oarsmen Optimists Orphans Otters Owls Painters Pangolins Parrots Passengers Penguins Pharmacists Pigeons Pilgrims Pilots
  Plumbers Poets Postmen Potters Professors Puffins Quails Rabbits Rangers Ravens Reindeer Saboteurs Sailors Salamanders Scholars Seals Secretaries
  Sentinels Shepherds Siblings Skaters Sleepwalkers Smiths Sparrows Spectators Spiders Squirrels Starlings Storks Strangers Swallows Swimmers Tailors
  Teachers Tenants Tigers Tortoises Tourists Translators Travellers Twins Umpires Understudies Vagabonds Vicars Visitors Voyagers Waiters Walruses
  Wanderers Watchmakers Weavers Whales Witnesses Wolves Wombats Woodpeckers Wrens Zebras
`);

const deeds = words(`
  Baking Borrowing Breathing Building Burning Calling Carving Chasing Climbing Collecting Counting Crossing Dancing Digging Drawing Dreaming Drifting
  Falling Feeding Finding Floating Following Forgetting Greeting Guarding Hiding Humming Leaving Lifting Losing Marching Meeting Melting Missing
  Mourning Naming Painting Praising Racing Reading Rescuing Rowing Sailing Saving Shaking Singing Sinking Skating Sleeping Spinning Stealing Sweeping
  Teaching Turning Waiting Waking Walking Warning Whispering Winning
`);

const ensembles = ['Orchestra', 'Collective', 'Quartet', 'Sound System'];
const halls = words(`
  Academy Arena Ballroom Bar Basement Cafe Cellar Centre Club Depot Dome Factory Forum Gardens Hall House Lounge Mill Pavilion Rooms Stage Studio Tavern
  Theatre Warehouse Works
`);

/** A name is a word of each list, in their order. */
type Shape = readonly (readonly string[])[];

const the = ['The'];
export const bandShapes: readonly Shape[] = [
  [the, adjectives, crowds],
  [the, nouns, crowds],
  [adjectives, nouns],
  [nouns, crowds],
  [nouns, ['of'], nouns],
  [deeds, crowds],
  [adjectives, nouns, ensembles],
];
export const venueShapes: readonly Shape[] = [
  [the, nouns, halls],
  [nouns, halls],
  [adjectives, nouns, halls],
];

/** So many different names of these shapes, in random order. When all are used they begin again, with a number behind. */
export function* distinctNames(random: Random, shapes: readonly Shape[], count: number): Generator<string> {
  const sizes = shapes.map((shape) => shape.reduce((size, list) => size * list.length, 1));
  const order = shuffled(
    random,
    sizes.reduce((sum, size) => sum + size),
  );
  for (let i = 0; i < count; i++) {
    const round = Math.floor(i / order.length) + 1;
    const name = nameAt(shapes, sizes, order[i % order.length] ?? 0);
    yield round === 1 ? name : `${name} ${round}`;
  }
}

function nameAt(shapes: readonly Shape[], sizes: readonly number[], index: number): string {
  let rest = index;
  let chosen = 0;
  for (; rest >= at(sizes, chosen); chosen++) rest -= at(sizes, chosen);
  const parts = at(shapes, chosen).map((list) => {
    const word = at(list, rest % list.length);
    rest = Math.floor(rest / list.length);
    return word;
  });
  return parts.join(' ');
}

function shuffled(random: Random, count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let i = count - 1; i > 0; i--) {
    const j = random.between(0, i);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}
