/** Draws the pictures of the README: each `docs/pictures/NAME.dot` becomes `images/NAME.svg`. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { instance } from '@viz-js/viz';

const FROM = 'docs/pictures';
const TO = 'images';

const viz = await instance();
for (const file of (await readdir(FROM)).filter((name) => name.endsWith('.dot'))) {
  const svg = viz.renderString(await readFile(`${FROM}/${file}`, 'utf8'), { format: 'svg' });
  await writeFile(`${TO}/${file.replace(/\.dot$/, '.svg')}`, svg);
}
