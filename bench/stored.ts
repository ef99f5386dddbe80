/** How fast a page reads what its browser stores, through a handle and through a File, and hashes it. */
import { absence, browsers, openPage } from '../test/browser/browsers.ts';
import { describeMachine } from './lib/machine.ts';
import { readOptions } from './lib/options.ts';
import type { StoredSpeeds } from './lib/stored_worker.ts';
import { table } from './lib/table.ts';
import { digits } from './measure/stats.ts';

const { options } = readOptions('usage: node bench/run.mjs stored [options]', {
  where: { value: 'LIST', default: 'chromium,firefox', help: 'browsers whose workers have handles of OPFS' },
});
const rows: string[][] = [];
for (const where of options.where.split(',')) {
  const browser = Object.values(browsers).find(({ name }) => name === where);
  if (!browser) throw new Error(`${where} is no browser of the tests`);
  const missing = absence(browser);
  if (missing) throw new Error(`${where} is ${missing}`);
  const page = await openPage(browser, { isolated: true });
  try {
    const speeds = (await page.ask('from', '/bench/dist/stored_page.js', 'storedInPage')) as StoredSpeeds;
    const gigabytes = [speeds.handleRate, speeds.fileRate, speeds.sha256Rate].map((rate) => digits(rate / 1e9));
    const micros = [speeds.handleRandom, speeds.fileRandom].map((seconds) => digits(seconds * 1e6));
    rows.push([where, ...gigabytes, ...micros]);
  } finally {
    await page.close();
  }
}
const { cpu, nCores } = describeMachine();
console.log(`${cpu}, ${nCores} cores; 128 MiB in pieces of 2 MiB, and 4 kB anywhere; medians of 5 rounds\n`);
const headings = ['browser', 'handle, GB/s', 'File, GB/s', 'SHA-256, GB/s', 'handle, 4 kB, µs', 'File, 4 kB, µs'];
console.log(table(headings, rows, 1));
