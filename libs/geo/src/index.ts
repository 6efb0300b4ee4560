export { type Box, boundingBoxes, boxContains } from './box.js';
export {
  type Circle,
  circleTest,
  distanceFrom,
  distanceKm,
  EARTH_RADIUS_KM,
  type Position,
} from './circle.js';
