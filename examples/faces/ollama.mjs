import { Ollama } from 'ollama'; // and in another terminal: npx thimble serve smollm2

const ollama = new Ollama({ host: process.env.THIMBLE_SERVER ?? 'http://127.0.0.1:8080' });
const format = {
  type: 'object',
  properties: { country: { type: 'string' }, rivers: { type: 'array', items: { type: 'string' }, maxItems: 3 } },
  required: ['country', 'rivers'],
};
const messages = [{ role: 'user', content: 'Name three rivers of France, as JSON.' }];
const { message } = await ollama.chat({
  model: 'smollm2',
  messages,
  format,
  options: { temperature: 0, num_predict: 200 },
});
console.log(JSON.parse(message.content)); // always fits the schema
