import { proofread as proofreadText, type Correction, type Proofread } from '../../../src/tasks.ts';
import { taskCommand } from '../tasks.ts';
import { columns, forStdout, plural } from '../terminal.ts';

export const proofread = taskCommand<Proofread>({
  summary: 'correct spelling, punctuation and grammar',
  about: `Prints the corrected text, or with --list a line for each correction: where, what stood there, what belongs there, and of what kind the mistake is. Where the model makes up another text instead of correcting, the text stays as it was.

--json prints one object: text, corrections (start, end, replacement, type; positions in UTF-16), skipped (places that stayed as they were), pieces, cut, backend.`,
  options: { list: { help: 'print the corrections instead of the text' } },
  examples: [
    ['thimble proofread letter.txt', 'the corrected text'],
    ['thimble proofread letter.txt --list', 'what was corrected'],
  ],
  start: (model, text, _, common) => proofreadText(model, text, common),
  waits: true,
  json: ({ corrections, skipped }) => ({ corrections, skipped }),
  instead: ({ corrections }, text, args) => (args.flag('list') ? listed(text, corrections) : undefined),
  remarks: ({ corrections, skipped }) => [
    plural(corrections.length, 'correction'),
    ...(skipped.length > 0
      ? [`${plural(skipped.length, 'place')} the model changed beyond recognition; they stay as they were`]
      : []),
  ],
});

/** `line:column`, before, after, type. */
function listed(text: string, corrections: readonly Correction[]): string {
  const shown = (part: string): string => forStdout(part === '' ? '(nothing)' : JSON.stringify(part));
  const rows = corrections.map(({ start, end, replacement, type }) => {
    const lines = text.slice(0, start).split('\n');
    return [
      `${lines.length}:${lines.at(-1)!.length + 1}`,
      shown(text.slice(start, end)),
      '→',
      shown(replacement),
      type,
    ];
  });
  return rows.length === 0 ? '' : `${columns(rows, '><<<<').join('\n')}\n`;
}
