/** What runs in the page: clients as they are, over models in the page itself. Steps come from the test, as for page.mjs. */
import { Ollama } from 'ollama/browser';
import OpenAI from 'openai';

/** @type {typeof import('thimble')} */
const { openModel } = await import(new URL('/dist/web/index.js', location.href).href);
/** @type {typeof import('thimble/server')} */
const { serve } = await import(new URL('/dist/web/server.js', location.href).href);

/** @param {readonly number[]} bytes */
const open = (bytes) => openModel(new Uint8Array(bytes), { chatTemplate: 'chatml', nCtx: 256 });
const messages = [{ role: /** @type {const} */ ('user'), content: 'Hello' }];

/** @type {Record<string, (...args: any[]) => Promise<unknown>>} */
const steps = {
  /** @param {readonly number[]} bytes */
  async openai(bytes) {
    const model = await open(bytes);
    const client = new OpenAI({
      fetch: model.fetch,
      baseURL: 'http://thimble/v1',
      apiKey: 'none',
      dangerouslyAllowBrowser: true,
    });
    const asked = { model: 'any', messages, max_tokens: 8, temperature: 0 };
    const whole = await client.chat.completions.create(asked);
    let streamed = '';
    for await (const { choices } of await client.chat.completions.create({ ...asked, stream: true }))
      streamed += choices[0]?.delta.content ?? '';
    const error = await client.chat.completions.create({ ...asked, max_tokens: -1 }).catch((error) => error.status);
    await model.close();
    return { whole: whole.choices[0]?.message.content, streamed, error };
  },
  /** @param {readonly number[]} bytes */
  async ollama(bytes) {
    const server = serve({
      models: { small: { source: new Blob([new Uint8Array(bytes)]) } },
      open: { chatTemplate: 'chatml', nCtx: 256 },
    });
    const client = new Ollama({ host: 'http://thimble', fetch: server.fetch });
    const { message } = await client.chat({ model: 'small', messages, options: { temperature: 0, num_predict: 8 } });
    const { models } = await client.ps();
    await server.close();
    return { text: message.content, open: models.map(({ name }) => name) };
  },
};

for (let body = ''; ;) {
  const { step, args } = await (await fetch('/next', { method: 'POST', body })).json();
  try {
    body = JSON.stringify({ result: await steps[step]?.(...args) });
  } catch (error) {
    const { name, message } = /** @type {Error} */ (error);
    body = JSON.stringify({ error: { name, message } });
  }
}
