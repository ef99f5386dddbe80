import { describe, expect, it } from 'vitest';
import { openModel, ResourceError } from 'thimble';
import { findDawn } from '../helpers/dawn.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { bytesOf, watched } from '../helpers/watched_gpu.ts';

const { gpu: dawn, absent } = await findDawn();
const how = { seed: 3, temperature: 1, maxTokens: 40, ignoreEos: true };

describe.skipIf(absent)('the memory of a GPU', () => {
  it('is given back by close, all of it, over 20 openings', async () => {
    const { gpu, buffers, devices } = watched(dawn!);
    for (let round = 0; round < 20; round++) {
      const model = await openModel(tinyModel('llama-chat').slice(), { backend: 'webgpu', gpu });
      const chat = model.chat();
      await chat.send('hi', { ...how, maxTokens: 3 });
      expect(buffers.size).toBeGreaterThan(10);
      await model.close();
      expect(buffers.size, `after ${round + 1} rounds`).toBe(0);
    }
    expect(devices).toHaveLength(20);
  });

  it('is as much after 50 turns of a chat as after two', async () => {
    const counted = watched(dawn!);
    const model = await openModel(tinyModel('llama-chat').slice(), { backend: 'webgpu', gpu: counted.gpu });
    const chat = model.chat();
    const sizes: string[] = [];
    for (let turn = 0; turn < 50; turn++) {
      await chat.send('and?', { ...how, maxTokens: 4, onFull: 'shift' });
      sizes.push(`${counted.buffers.size} buffers, ${bytesOf(counted)} bytes`);
    }
    expect(new Set(sizes.slice(2))).toEqual(new Set([sizes[1]]));
    await chat.close();
    const without = counted.buffers.size;
    const other = model.chat();
    await other.send('hi', { ...how, maxTokens: 4 });
    await other.close();
    expect(counted.buffers.size).toBe(without);
    await model.close();
    expect(counted.buffers.size).toBe(0);
  });

  it('is given back where a model cannot be opened', async () => {
    const { gpu, buffers } = watched(dawn!);
    const bytes = tinyModel('llama-chat').slice();
    await expect(openModel(bytes.subarray(0, -3000), { backend: 'webgpu', gpu })).rejects.toThrow();
    const signal = AbortSignal.timeout(1);
    await expect(openModel(bytes, { backend: 'webgpu', gpu, signal })).rejects.toThrow();
    expect(buffers.size).toBe(0);
  });
});

describe.skipIf(absent)('a device that is lost', () => {
  it('rejects the answer with its reason; the next call opens the model again, and goes on from what was saved', async () => {
    const { gpu, devices, buffers } = watched(dawn!);
    const model = await openModel(tinyModel('llama-chat').slice(), { backend: 'webgpu', gpu });
    const chat = model.chat();
    const whole = await chat.send('hi', how);
    chat.clear();
    for (const onSave of [undefined, () => undefined]) {
      const answer = chat.send('hi', { ...how, onSave });
      let nSeen = 0;
      const lost = (async () => {
        for await (const _ of answer) if (++nSeen === 5) devices.at(-1)!.destroy();
      })();
      await expect(lost).rejects.toThrow(ResourceError);
      await expect(lost).rejects.toThrow(/lost.*; the next call/);
      expect((await chat.resume()).tokens).toEqual(whole.tokens);
      chat.clear();
    }
    expect(devices).toHaveLength(3);
    await model.close();
    expect(buffers.size).toBe(0);
  });

  it('is replaced by the next call where nobody was waiting', async () => {
    const { gpu, devices } = watched(dawn!);
    const model = await openModel(tinyModel('llama').slice(), { backend: 'webgpu', gpu });
    const wanted = await model.score([1, 2, 3, 4]);
    devices[0]!.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await model.score([1, 2, 3, 4])).toEqual(wanted);
    expect(devices).toHaveLength(2);
    await model.close();
    await expect(model.score([1, 2, 3])).rejects.toThrow(/the model is closed/);
  });
});
