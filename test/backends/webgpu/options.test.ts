import { describe, expect, it } from 'vitest';
import { openModel } from 'thimble';
import { findDawn } from '../../helpers/dawn.ts';
import { tinyModel } from '../../helpers/tiny_models.ts';

const { gpu, absent } = await findDawn();

describe.skipIf(absent)('scratch', { timeout: 240_000 }, () => {
  it.each(['mixtral', 'llama-q4_k_m', 'gpt-oss-mxfp4'])('%s', async (name) => {
    const bytes = tinyModel(name).slice();
    console.log(bytes.length);
    const open = (o: object) => openModel(bytes, { backend: 'webgpu', gpu: gpu!, maxSessions: 1, nCtx: 128, ...o });
    for (const o of [
      {},
      { gpuBytes: bytes.length / 2 },
      { gpuBytes: bytes.length / 2, memory: 1_500_000 },
      { gpuBytes: bytes.length / 2, memory: 1_000_000, preferCached: 0.5 },
      { gpuBytes: bytes.length / 2, memory: 100_000, build: 'simd', threads: 1 },
    ]) {
      try {
        const model = await open(o);
        const r = await model.generate([5, 6, 7, 8], { maxTokens: 12, temperature: 0, ignoreEos: true }).result;
        console.log(o, model.info.backend, model.info.threads, model.info.paging, r.tokens.join(), r.timings.paging);
        await model.close();
      } catch (e) {
        console.log(o, (e as Error).message);
      }
    }
  });
});
