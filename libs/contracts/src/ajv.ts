import { Ajv2020, type Options } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { isTimeZone } from '#local-time';
import { parseMoment } from './moment.js';

/** A validator that knows every format that the schemas of this project use. */
export function makeAjv(options: Options = {}): Ajv2020 {
  const ajv = new Ajv2020(options);
  addFormats.default(ajv);
  return ajv.addFormat('time-zone', isTimeZone).addFormat('moment', (text: string) => parseMoment(text) !== undefined);
}
