import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { openModel } from 'thimble';
import { ResourceError } from '../../src/base/errors.ts';
import { spawn } from '../../src/platform/node.ts';
import { EngineClient } from '../../src/api/engine_client.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

/** The threads of engines, in the order in which they came up. */
const threads: Worker[] = [];
process.on('worker', (worker) => void threads.push(worker));

/** Ends the engine's thread, as a lack of memory does; resolves when that is known. */
async function kill(): Promise<void> {
  await threads.at(-1)!.terminate();
  await new Promise((resolve) => setTimeout(resolve, 20));
}

async function killedAfter(answer: AsyncIterable<string>, nPieces: number): Promise<void> {
  let nSeen = 0;
  for await (const _ of answer) if (++nSeen === nPieces) void kill();
}

const script = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

describe("an engine's thread that dies", () => {
  it.each([
    ['exits', 'process.exit(7)', /died: .* exited with code 7; the next call starts it again/],
    ['throws', "throw new Error('out of luck')", /died: out of luck; the next call starts it again/],
  ])('rejects the pending call with its reason when it %s', async (_, code, message) => {
    const dying = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { ${code} });`;
    const client = new EngineClient(spawn(script(dying), 'test'));
    const pending = client.call('tokenize', { prompt: 'hello' });
    await expect(pending).rejects.toThrow(ResourceError);
    await expect(pending).rejects.toThrow(message);
    await expect(client.call('tokenize', { prompt: 'again' })).rejects.toThrow(message);
  });

  it('leaves no place behind where what was saved cannot be restored', async () => {
    const model = await openModel(tinyModel('llama-chat').slice(), { threads: 1, maxSessions: 1 });
    const session = model.openSession();
    await session.generate([1, 2, 3], { maxTokens: 2, ignoreEos: true });
    const bytes = await session.save();
    await session.restore(bytes);
    bytes.fill(0);
    await kill();
    for (let i = 0; i < 2; i++) await expect(session.generate([1]).result).rejects.toThrow(/not a whole saved session/);
    await session.close();
    expect((await model.openSession().generate([1], { maxTokens: 2, ignoreEos: true })).tokens).toHaveLength(2);
    await model.close();
  });

  it('is replaced at the next call, with the same model, and sessions go on from what was saved', async () => {
    const loads: number[] = [];
    const model = await openModel(tinyModel('llama-chat').slice(), {
      threads: 1,
      onProgress: ({ doneBytes, totalBytes }) => void (doneBytes === totalBytes && loads.push(doneBytes)),
    });
    const how = { seed: 3, temperature: 1, maxTokens: 60, ignoreEos: true };
    const chat = model.chat();
    const session = model.openSession();
    const prompt = [1, 2, 3, 4];
    const [whole, wanted] = [await chat.send('hi', how), await session.generate(prompt, how)];
    chat.clear();
    for (const onSave of [undefined, () => undefined]) {
      const answer = chat.send('hi', { ...how, onSave });
      await expect(killedAfter(answer, 5)).rejects.toThrow(
        /the engine's thread died: .*; the next call starts it again/,
      );
      expect(chat.messages).toEqual([]);
      expect((await chat.resume()).tokens).toEqual(whole.tokens);
      expect((await chat.send('and?', { ...how, maxTokens: 5 })).tokens).toHaveLength(5);
      chat.clear();
    }
    await expect(killedAfter(session.generate(prompt, { ...how, onSave: () => undefined }), 5)).rejects.toThrow(/died/);
    expect((await session.resume({ whole: true })).tokens).toEqual(wanted.tokens);
    expect((await model.generate(prompt, how)).tokens).toEqual(wanted.tokens);
    expect(loads).toHaveLength(4);
    await kill();
    expect(await model.score(prompt)).toHaveLength(3); // nobody was waiting
    await model.close();
    await expect(model.score(prompt)).rejects.toThrow(/the model is closed/);
  });

  it('can be of no more use: a source that has gone is told, and the call after works once it is back', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'thimble-')), 'tiny.gguf');
    writeFileSync(file, tinyModel('llama'));
    const model = await openModel(file, { threads: 1 });
    rmSync(file);
    await kill();
    await expect(model.score([1, 2, 3])).rejects.toMatchObject({ name: 'ResourceError' });
    writeFileSync(file, tinyModel('llama'));
    expect(await model.score([1, 2, 3])).toHaveLength(2);
    await model.close();
  });

  it('leaves the next openModel working', async () => {
    const worker = new Worker('process.exit(1)', { eval: true });
    await new Promise((resolve) => worker.on('exit', resolve));
    const model = await openModel(new Blob([tinyModel('llama').slice()]));
    expect((await model.generate([1, 2], { maxTokens: 2, ignoreEos: true }).result).tokens).toHaveLength(2);
    await model.close();
  });
});
