import OpenAI from 'openai';
import { openModel } from 'thimble';

const model = await openModel('models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf');
const client = new OpenAI({ fetch: model.fetch, baseURL: 'http://thimble/v1', apiKey: 'none' }); // no server, no network

const stream = await client.chat.completions.create({
  model: 'any',
  messages: [{ role: 'user', content: 'Name a river of France.' }],
  stream: true,
});
for await (const { choices } of stream) process.stdout.write(choices[0]?.delta.content ?? '');

await model.close();
