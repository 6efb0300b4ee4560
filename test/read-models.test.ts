import { ServicesReadModel } from '#read-model';
import { readModelConformance, type Subject, type World } from '../libs/read-model/test/conformance.js';
import { describeOnMongo } from './support/mongo.js';
import { System } from './support/system.js';

/** Every read model, over every store that it may read from. */
const services =
  (start: () => Promise<System>) =>
  async (world: World): Promise<Subject> => {
    const system = await start();
    await system.load(world);
    return { readModel: new ServicesReadModel(system.clients), close: () => system.close() };
  };

readModelConformance(
  'services, on SQLite',
  services(() => System.start()),
);
describeOnMongo('on MongoDB', (mongo) =>
  readModelConformance(
    'services, on MongoDB',
    services(() => System.start({ MONGO_URL: mongo().urlOf('read-models') })),
  ),
);
