/** Models that are opened when somebody asks for them. */
import { expect, it, vi } from 'vitest';
import { serve } from 'thimble/server';
import { tinyModel } from '../helpers/tiny_models.ts';
import { wordyEncoder } from '../helpers/tiny_encoders.ts';

const blob = () => new Blob([Uint8Array.from(tinyModel('llama-chat'))]);
const open = { threads: 1, nCtx: 32 } as const;
const post = (body: object) => ({ method: 'POST', body: JSON.stringify(body) });

it('are looked at without being opened, and none goes for it', async () => {
  const { fetch, close } = serve({
    models: { one: blob(), two: blob(), rows: new Blob([wordyEncoder('bert-mean')]) },
    open,
  });
  const running = async () =>
    ((await (await fetch('/api/ps')).json()) as { models: { name: string }[] }).models.map(({ name }) => name);
  const shown = async (model: string) =>
    (await (await fetch('/api/show', post({ model }))).json()) as Record<string, unknown>;
  const before = await shown('one');
  expect(before['capabilities']).toEqual(['completion', 'tools']);
  expect((await shown('rows'))['capabilities']).toEqual(['embedding']);
  expect((await fetch('/api/show', post({ model: 'none' }))).status).toBe(404);
  for (const path of ['/props?model=one', '/slots?model=one:latest']) expect((await fetch(path)).status).toBe(503);
  expect((await fetch('/props?model=none')).status).toBe(404);
  expect(await running()).toEqual([]);
  await fetch('/v1/completions', post({ model: 'one', prompt: [1, 5], max_tokens: 1 }));
  expect((await fetch('/props?model=one')).status).toBe(200);
  expect(await shown('one')).toMatchObject({ details: before['details'], model_info: before['model_info'] });
  expect(await running()).toEqual(['one']);
  await close();
});

it('stay for ever where they are to be kept longer than clocks can tell', async () => {
  const { fetch, close } = serve({ models: { one: blob() }, open });
  await fetch('/api/generate', post({ model: 'one', keep_alive: 1e13 }));
  const { models } = (await (await fetch('/api/ps')).json()) as { models: { expires_at: string }[] };
  expect(models[0]!.expires_at).toMatch(/^9999/);
  await close();
});

it('are closed for those that wait for another one, however many ask for the one that is open', async () => {
  const { fetch, close } = serve({ models: { one: blob(), two: blob() }, open });
  const order: string[] = [];
  const ask = async (model: string, more = {}) => {
    const response = await fetch('/v1/completions', post({ model, prompt: [1, 5], max_tokens: 1, ...more }));
    expect(response.status).toBe(200);
    order.push(model);
    return response;
  };
  const first = await ask('one', { stream: true }); // not read yet
  const two = ask('two');
  await ask('one'); // the other has not waited for long
  const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
  const third = ask('one');
  await first.text();
  await Promise.all([two, third]);
  now.mockRestore();
  expect(order).toEqual(['one', 'one', 'two', 'one']);
  await close();
});
