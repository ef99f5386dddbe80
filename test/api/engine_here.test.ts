import { expect, it } from 'vitest';
import { openModel } from 'thimble';
import { EngineClient } from '../../src/api/engine_client.ts';
import { Engine } from '../../src/api/engine.ts';
import { engineHere } from '../../src/api/engine_here.ts';
import { Model } from '../../src/api/model.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

const dist = new URL('../../dist/', import.meta.url);
const kernels = ['simd', 'simd.more', 'relaxed', 'relaxed.more'].map((name) => `thimble.${name}`);
const files: Readonly<Record<string, string>> = Object.fromEntries([
  ...['engine', 'compute'].map((name) => [name, new URL(`node/${name}.js`, dist).href]),
  ...kernels.map((name) => [name, new URL(`${name}.wasm`, dist).href]),
]);

const blob = new Blob([tinyModel('llama-chat').slice()]);
const how = { seed: 3, temperature: 1, maxTokens: 40, ignoreEos: true };

/** Nobody asks it: the model runs on WebAssembly. */
const gpu = { requestAdapter: () => Promise.reject(new Error('asked for an adapter')) };

const startHere = (): EngineClient => new EngineClient(engineHere(new URL(files['engine']!), gpu));

/** A model whose engine runs in this thread. */
async function openHere(): Promise<Model> {
  const client = startHere();
  const source = [{ blob, name: 'tiny.gguf' }];
  const args = { source, draft: undefined, adapters: undefined, options: { threads: 2 }, files };
  const info = await client.call('open', args);
  return new Model(new Engine(client, () => Promise.reject(new Error('opened again'))), info);
}

it('an engine in the thread of the caller answers as one in its own, beside others', async () => {
  const own = await openModel(blob);
  const here = [await openHere(), await openHere()];
  const wanted = await own.generate([1, 2, 3], how).result;
  const made = await Promise.all(here.map((model) => model.generate([1, 2, 3], how).result));
  expect(made.map(({ tokens }) => tokens)).toEqual([wanted.tokens, wanted.tokens]);
  await here[0]!.close();
  await expect(here[0]!.tokenize('a')).rejects.toThrow('the model is closed');
  expect(await here[1]!.score([1, 2, 3])).toEqual(await own.score([1, 2, 3]));
  await Promise.all([own, ...here].map((model) => model.close()));
});

it('its answers can be stopped, and its errors are those of a thread', async () => {
  const model = await openHere();
  const stop = new AbortController();
  const answer = model.generate([1, 2], { ...how, maxTokens: 1e6, onFull: 'shift', signal: stop.signal });
  const seen: string[] = [];
  await expect(
    (async () => {
      for await (const piece of answer) if (seen.push(piece) === 3) stop.abort();
    })(),
  ).rejects.toMatchObject({ name: 'AbortError' });
  await expect(model.generate([1, 2], { maxTokens: -1 }).result).rejects.toThrow(/maxTokens is -1/);
  await model.close();
});

it('says where its script was looked for', async () => {
  const client = new EngineClient(engineHere(new URL('none.js', dist), gpu));
  await expect(client.call('tokenize', { prompt: 'a' })).rejects.toThrow(
    /the engine's thread cannot start: .*none\.js/,
  );
  expect(client.isMissing).toBe(true);
});
