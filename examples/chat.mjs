/** The README's example: `npm run build && node examples/chat.mjs`. */
import { openModel } from 'thimble';

const model = await openModel('models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf');

process.stdout.write('Once upon a time');
for await (const piece of model.generate('Once upon a time', { maxTokens: 50, seed: 1 })) process.stdout.write(piece);

console.log('\n\nWhy is the sky blue?');
const chat = model.chat({ system: 'You answer in one sentence.' });
const answer = chat.send('Why is the sky blue?');
for await (const piece of answer) process.stdout.write(piece);
const { tokens, stopReason, timings } = await answer; // the whole answer, streamed or not
console.log(`\n${tokens.length} tokens, ${stopReason}, ${timings.decodeTps.toFixed(0)} tokens/s`);

await model.close();
