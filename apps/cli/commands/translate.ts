import { translate as translateText, type Translation } from '../../../src/tasks.ts';
import { UsageError, type Arguments } from '../command.ts';
import { taskCommand } from '../tasks.ts';

export const translate = taskCommand<Translation>({
  summary: 'translate a text',
  about: `The text's own language is found by itself, unless --from says it. Lines stay lines. How good a translation is depends on the model; small ones know few languages.

--json prints one object: text, from, pieces (questions to the model), cut (answers that ended before the model ended them), backend.`,
  options: {
    to: { value: 'TAG', help: 'the language to translate into, as in fr or pt-BR' },
    from: { value: 'TAG', help: 'the language of the text (default: what it looks like)' },
  },
  examples: [
    ['thimble translate letter.txt --to fr', 'into French'],
    ['thimble translate --from de --to en --model hf:org/repo < brief.txt', 'with another model'],
  ],
  start: (model, text, args, common) =>
    translateText(model, text, { to: target(args), from: args.text('from'), ...common }),
  json: ({ from }) => ({ from: from ?? null }),
});

function target(args: Arguments): string {
  const to = args.text('to');
  if (to === undefined) throw new UsageError('--to is missing, the language to translate into: --to fr');
  return to;
}
