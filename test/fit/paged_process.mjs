/** What paged_memory.test.ts measures in a process of its own: `node paged_process.mjs MODEL BYTES` prints one line of JSON. */
/** @type {typeof import('thimble')} */
const { openModel } = await import(new URL('../../dist/node/index.js', import.meta.url).href);
const [path = '', bytes = ''] = process.argv.slice(2);
const model = await openModel(path, { nCtx: 64, maxSessions: 1, threads: 2, memory: Number(bytes) });
for (let n = 0; n < 2; n++) await model.generate([1, 2, 3, 4, 5], { maxTokens: 12, ignoreEos: true });
const { paging } = model.info;
await model.close();
console.log(JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024, paging }));
