/** What memory.test.ts measures in a process of its own: `node node_process.mjs WHAT MODEL ADAPTER ADAPTED` prints one line of JSON. */
import { readFileSync } from 'node:fs';
import { openings } from './openings.mjs';

/** @type {typeof import('thimble')} */
const { openModel } = await import(new URL('../../dist/node/index.js', import.meta.url).href);
const [what = '', path = '', adapter = '', adapted = ''] = process.argv.slice(2);
const resident = () => process.memoryUsage().rss;

/** @type {Readonly<Record<string, () => Promise<number>>>} */
const measures = {
  /** The peak with a context that is full, beyond what the process had before. */
  async peak() {
    const before = resident();
    const model = await openModel(path, { nCtx: 1024, maxSessions: 1 });
    const prompt = Array.from({ length: 1016 }, (_, i) => 100 + (i % 1000));
    await model.generate(prompt, { maxTokens: 4, ignoreEos: true });
    await model.close();
    return process.resourceUsage().maxRSS * 1024 - before;
  },
  /** After some openings, and after many more. */
  async growth() {
    const tiny = { adapter: readFileSync(adapter), adapted: readFileSync(adapted) };
    await openings(openModel, path, tiny, 6);
    const before = resident();
    await openings(openModel, path, tiny, 20);
    return resident() - before;
  },
};
console.log(JSON.stringify({ bytes: await measures[what]?.() }));
