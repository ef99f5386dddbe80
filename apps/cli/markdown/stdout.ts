/** One answer on a terminal where nobody types. */
import { stdout } from 'node:process';
import type { SaidPart } from '../../../src/index.ts';
import { reflowOf, Screen } from '../chat/screen.ts';
import { mayColour } from '../terminal.ts';
import { AnswerText, type AnswerRows } from './answer.ts';
import { widthOf } from './cells.ts';

export interface AnswerStream {
  push(part: SaidPart): void;
  end(): void;
}

/** Text that is no answer of a chat is shown as it is. */
export function startAnswerStream({ isPlain }: { readonly isPlain: boolean }): AnswerStream {
  const columns = () => Math.max(4, (stdout.columns || 80) - 1);
  const answer = new AnswerText({ columns, hasStyles: mayColour(stdout), isPlain });
  const screen = new Screen({
    write: (text) => stdout.write(text),
    columns: () => stdout.columns || 80,
    rows: () => stdout.rows || 24,
    reflow: reflowOf(process.env),
  });
  const show = ({ done, open }: AnswerRows): void => {
    const last = open.at(-1) ?? '';
    screen.draw({ done, live: open, cursor: { row: Math.max(0, open.length - 1), column: widthOf(last) } });
  };
  const onResize = (): void => {
    screen.forget();
    show(answer.resize());
  };
  stdout.on('resize', onResize);
  return {
    push: (part) => show(answer.push(part)),
    end() {
      stdout.off('resize', onResize);
      show(answer.finish());
    },
  };
}
