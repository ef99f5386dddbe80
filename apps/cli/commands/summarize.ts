import { summarize as summarizeText } from '../../../src/tasks.ts';
import { taskCommand } from '../tasks.ts';

export const summarize = taskCommand({
  summary: 'say what a text says, in less',
  about: `A text that is too long for the model at once is read in parts, and what each says is summed up once more.

--json prints one object: text, pieces (questions to the model), cut (answers that ended before the model ended them), backend.`,
  options: {
    type: { value: 'KIND', help: 'key-points, tldr (default), teaser or headline' },
    length: { value: 'HOW', help: 'short (default), medium or long' },
    language: { value: 'TAG', help: 'the language of the summary, as in en or pt-BR' },
  },
  examples: [
    ['thimble summarize README.md', 'in one sentence'],
    ['thimble summarize notes.txt --type key-points --length medium', 'as five points'],
    ['thimble summarize --model hf:org/repo < article.txt', 'with another model'],
  ],
  start: (model, text, args, common) =>
    summarizeText(model, text, {
      type: args.choice('type', ['key-points', 'tldr', 'teaser', 'headline']),
      length: args.choice('length', ['short', 'medium', 'long']),
      language: args.text('language'),
      ...common,
    }),
});
