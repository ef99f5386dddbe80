import { rewrite as rewriteText } from '../../../src/tasks.ts';
import { taskCommand } from '../tasks.ts';

export const rewrite = taskCommand({
  summary: 'say a text in other words',
  about: `--json prints one object: text, pieces (questions to the model), cut (answers that ended before the model ended them), backend.`,
  options: {
    tone: { value: 'HOW', help: 'as-is (default), more-formal or more-casual' },
    length: { value: 'HOW', help: 'as-is (default), shorter or longer' },
    instruction: { value: 'TEXT', help: 'what else to change' },
    language: { value: 'TAG', help: 'the language of the new text, as in en or pt-BR' },
  },
  examples: [
    ['thimble rewrite mail.txt --tone more-formal', 'for strangers'],
    ['thimble rewrite --length shorter < draft.md', 'in fewer words'],
  ],
  start: (model, text, args, common) =>
    rewriteText(model, text, {
      tone: args.choice('tone', ['as-is', 'more-formal', 'more-casual']),
      length: args.choice('length', ['as-is', 'shorter', 'longer']),
      instruction: args.text('instruction'),
      language: args.text('language'),
      ...common,
    }),
});
