import { openModel } from 'thimble';
import { builtInAi } from 'thimble/built_in_ai';

const model = await openModel('models/smollm2-135m-instruct-q4_1-00001-of-00002.gguf');
const { LanguageModel, Summarizer } = builtInAi({ open: async () => model }); // as in Chrome, in any browser

const session = await LanguageModel.create({ initialPrompts: [{ role: 'system', content: 'You are brief.' }] });
for await (const piece of session.promptStreaming('Name a river of France.')) process.stdout.write(piece);

const summarizer = await Summarizer.create({ type: 'headline', length: 'short' });
console.log(
  `\n${await summarizer.summarize('It rained all night. The river has left its bed. The bridge is closed.')}`,
);
await model.close();
