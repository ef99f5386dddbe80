import { describe, expect, it } from 'vitest';
import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import { ResourceError } from '../../../src/base/errors.ts';
import type { BackendFactory } from '../../../src/engine/backend_plan.ts';
import type { EmbedSettings } from '../../../src/engine/embedder.ts';
import type { Session } from '../../../src/engine/session.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { openAdapted, openBytes } from '../../helpers/open.ts';
import { tinyLora } from '../../helpers/tiny_adapters.ts';
import { tinyEncoder } from '../../helpers/tiny_encoders.ts';
import { tinyModel, tinyPrompt } from '../../helpers/tiny_models.ts';
import { bytesOf, scarce, watched } from '../../helpers/watched_gpu.ts';

/** Whoever takes more of a GPU's memory than was there at the opening is told before anything runs, and all else goes on. */

const { gpu, absent } = await findDawn();

const on =
  (gpu: GPU): BackendFactory =>
  ({ options: { activations }, ...plan }) =>
    createWebgpuBackend({ ...plan, activations, gpu, checks: false });

/** What a GPU has, as it was before any of it was used, and what was handed to its queue since. */
function counted(most = Infinity) {
  const { devices, ...rest } = watched(most === Infinity ? gpu! : scarce(gpu!, most));
  let nSubmits = 0;
  const watch = (): void => {
    const { queue } = devices[0]!;
    const submit = queue.submit.bind(queue);
    queue.submit = (buffers) => (nSubmits++, submit(buffers));
  };
  return { ...rest, devices, watch, nSubmits: () => nSubmits };
}

const noRoom = async (work: Promise<unknown>): Promise<void> => {
  await expect(work).rejects.toThrow(ResourceError);
  await expect(work).rejects.toThrow(/^the GPU has no room for a session, .* choose a smaller model, fewer positions/s);
};

async function tokensOf(session: Session): Promise<readonly number[]> {
  const work = session.generate(tinyPrompt, { temperature: 0, ignoreEos: true, maxTokens: 4, onLoop: 'ignore' });
  let last = await work.next();
  while (!last.done) last = await work.next();
  return last.value.tokens;
}

describe.skipIf(absent)('a GPU with little room', { timeout: 240_000 }, () => {
  it('tells a session that brings adapters when it brings them, and leaves it as it was', async () => {
    const adapters = [{ bytes: tinyLora('llama', { rank: 8 }), name: 'poet' }];
    const open = (gpu: GPU) => openAdapted(tinyModel('llama'), adapters, { kvType: 'f32', nCtx: 64 }, on(gpu));
    const roomy = counted();
    const model = await open(roomy.gpu);
    const sizes = [bytesOf(roomy)];
    const plain = model.openSession([]);
    sizes.push(bytesOf(roomy));
    const adapted = model.openSession();
    sizes.push(bytesOf(roomy));
    for (const session of [plain, adapted]) await session.room;
    await model.close();
    const [less, more] = [sizes[1]! - sizes[0]!, sizes[2]! - sizes[1]!];
    expect(more).toBeGreaterThan(less);

    const narrow = counted(sizes[1]! + more - 16);
    const short = await open(narrow.gpu);
    const [first, second] = [short.openSession([]), short.openSession([])];
    const wanted = await tokensOf(second);
    await first.room;
    const usedBytes = bytesOf(narrow);
    narrow.watch();
    for (let i = 0; i < 2; i++) await noRoom(short.adapt(second, ['poet']));
    expect(narrow.nSubmits()).toBe(0);
    expect(bytesOf(narrow)).toBeLessThan(usedBytes); // what reads back is made when it is needed
    expect(await tokensOf(second)).toEqual(wanted);
    first.close();
    await short.adapt(second, ['poet']);
    await tokensOf(second);
    await short.close();
    expect(narrow.buffers.size).toBe(0);
  });

  it('tells an embedder when it is opened', async () => {
    const open = (gpu: GPU) => openBytes(tinyEncoder('bert-mean', 128), { nCtx: 128 }, on(gpu));
    const how: EmbedSettings = { truncate: false, pooling: undefined, task: undefined };
    const around = { pause: () => Promise.resolve(), onProgress: () => undefined };
    const roomy = counted();
    const model = await open(roomy.gpu);
    const weightBytes = bytesOf(roomy);
    const read = model.embedder();
    const wanted = await (await read).embed([[5, 6, 7]], how, around);
    const usedBytes = bytesOf(roomy);
    await model.close();

    const narrow = counted(usedBytes);
    const short = await open(narrow.gpu);
    narrow.watch();
    const embedder = await short.embedder();
    await noRoom(embedder.embed([[5, 6, 7]], { ...how, pooling: 'none' }, around));
    expect([narrow.nSubmits(), bytesOf(narrow)]).toEqual([0, weightBytes]);
    expect(await embedder.embed([[5, 6, 7]], how, around)).toEqual(wanted);
    await short.close();
  });
});
