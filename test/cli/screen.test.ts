import xterm from '@xterm/headless';
import { describe, expect, it } from 'vitest';
import { Editor, type EditorView } from '../../apps/cli/chat/editor.ts';
import { startKeys, type Press } from '../../apps/cli/chat/keys.ts';
import { Screen } from '../../apps/cli/chat/screen.ts';
import { AnswerText } from '../../apps/cli/markdown/answer.ts';

/** A terminal with a screen on it. */
function openScreen(columns: number, rows: number) {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    scrollback: 5000,
    allowProposedApi: true,
    convertEol: true,
  });
  let writes: string[] = [];
  const screen = new Screen({
    write: (text) => {
      writes.push(text);
      terminal.write(text);
    },
    columns: () => terminal.cols,
    rows: () => terminal.rows,
    reflow: 'broken-xtermjs',
  });
  const settled = () => new Promise<void>((resolve) => terminal.write('', resolve));
  return {
    terminal,
    screen,
    settled,
    writes: () => {
      const all = writes;
      writes = [];
      return all;
    },
    async lines() {
      await settled();
      const { active } = terminal.buffer;
      const lines: string[] = [];
      for (let i = 0; i < active.length; i++) {
        const line = active.getLine(i)!;
        if (line.isWrapped) lines.push(lines.pop()! + line.translateToString(true));
        else lines.push(line.translateToString(!active.getLine(i + 1)?.isWrapped));
      }
      while (lines.at(-1) === '') lines.pop();
      return lines;
    },
  };
}

const text = `# Planets

Some **bold words** and a line that is long enough to be wrapped more than once in a narrow window, *really*.

- one
- two with \`code\`

| Name | Size |
|------|-----:|
| Mars | 3390 |
| Earth | 6371 |

\`\`\`js
const answer = 42; // a comment
\`\`\`

The end.`;

describe('a screen', () => {
  it('shows the same in the end, however the text was cut and however small the window is', async () => {
    for (const [columns, rows] of [
      [80, 24],
      [40, 10],
      [24, 4],
    ] as const) {
      const expected = new AnswerText({ columns: () => columns - 1, hasStyles: true });
      const plain = [...expected.push({ type: 'text', text }).done, ...expected.finish().done].map((row) =>
        row.replace(/\x1b\[[\d;]*m/g, ''),
      );
      for (const size of [1, 2, 7, 1000]) {
        const { screen, lines } = openScreen(columns, rows);
        const answer = new AnswerText({ columns: () => columns - 1, hasStyles: true });
        for (let at = 0; at < text.length; at += size) {
          const { done, open } = answer.push({ type: 'text', text: text.slice(at, at + size) });
          screen.draw({ done, live: open });
        }
        const { done, open } = answer.finish();
        screen.draw({ done, live: open });
        expect(await lines()).toEqual(plain.map((row) => row.trimEnd()));
      }
    }
  });

  it('shows what it was told, whatever stood there before', async () => {
    let state = 7;
    const roll = (n: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    const parts = ['a', 'b ', 'word', '\x1b[1mbold\x1b[0m', '世界', 'e\u0301', '😀', '\x1b[2m│ \x1b[0m'];
    const someRow = () => Array.from({ length: roll(4) }, () => parts[roll(parts.length)]!).join('');
    const plain = (row: string) => row.replace(/\x1b\[[\d;]*m/g, '').trimEnd();
    for (let round = 0; round < 100; round++) {
      const { screen, lines } = openScreen(20, 5 + roll(10));
      const kept: string[] = [];
      let live: string[] = [];
      for (let step = 0; step < 20; step++) {
        const done = Array.from({ length: roll(3) }, () => (roll(8) === 0 ? 'long '.repeat(9) : someRow()));
        live =
          roll(3) === 0
            ? live.slice(0, roll(live.length + 1))
            : live.map((row) => row + (roll(2) ? '' : parts[roll(3)]!));
        while (live.length < roll(4)) live.push(someRow());
        live = live.map((row) => (plain(row).length > 9 ? '' : row));
        const row = roll(Math.max(1, live.length));
        screen.draw({ done, live, ...(roll(2) && { cursor: { row, column: roll(10) } }) });
        kept.push(...done);
        const expected = [...kept, ...live].map(plain);
        while (expected.at(-1) === '') expected.pop();
        expect((await lines()).map((line) => line.trimEnd())).toEqual(expected);
      }
    }
  });

  it('writes only what has changed', async () => {
    const { screen, writes, settled } = openScreen(80, 24);
    screen.draw({ live: ['the first row', 'the second'] });
    writes();
    screen.draw({ live: ['the first row', 'the second row'] });
    await settled();
    expect(writes().join('')).not.toContain('first');
  });

  it('draws its rows where they were when the window gets another width', async () => {
    const { screen, terminal, lines } = openScreen(60, 12);
    const row = 'words '.repeat(9).trim();
    screen.draw({ done: ['before'], live: [row, row], cursor: { row: 1, column: 20 } });
    for (const columns of [25, 80, 40]) {
      terminal.resize(columns, 12);
      await lines();
      screen.forget();
      screen.draw({ live: ['one', 'two'], cursor: { row: 1, column: 3 } });
      expect(await lines()).toEqual(['before', 'one', 'two']);
    }
  });

  it('shows the end of what does not fit, and all of it when it is done', async () => {
    const { screen, lines } = openScreen(20, 5);
    const rows = Array.from({ length: 12 }, (_, i) => `row ${i}`);
    screen.draw({ live: rows });
    expect(await lines()).toEqual(rows.slice(-4));
    screen.draw({ done: rows, live: [] });
    expect(await lines()).toEqual(rows);
  });
});

describe('keys and pastes', () => {
  const hear = (...chunks: string[]) => {
    const heard: string[] = [];
    const take = startKeys({
      text: (typed) => void heard.push(...typed),
      key: ({ name, text: typed }) => void heard.push(name ?? typed),
      done: () => undefined,
      paste: (pasted) => void heard.push(`paste ${JSON.stringify(pasted)}`),
    });
    for (const chunk of chunks) take(Buffer.from(chunk));
    return heard;
  };

  it('tells them apart wherever the bytes are cut', () => {
    const typed = 'a\x1b[200~one\r\ntwo\x1b[Athree\x1b[201~b\x1b[A';
    const expected = ['a', 'paste "one\\ntwo\\u001b[Athree"', 'b', 'up'];
    expect(hear(typed)).toEqual(expected);
    expect(hear(...typed.split(''))).toEqual(expected);
  });

  it('take a paste of a megabyte at once', () => {
    const startMs = performance.now();
    expect(hear(`\x1b[200~${'x'.repeat(1e6)}\x1b[201~`)[0]).toHaveLength(1e6 + 8);
    expect(performance.now() - startMs).toBeLessThan(500);
  });
});

describe('the message being typed', () => {
  const view: EditorView = { columns: 20, maxRows: 10, hasStyles: false, hint: 'a hint' };
  const press = (name: string, more: Partial<Press> = {}): Press => ({
    ...{ text: '', name, ctrl: false, meta: false, shift: false },
    ...more,
  });
  const type = (editor: Editor, typed: string) => {
    for (const char of typed) editor.insert(char);
  };

  it('shows a hint until something is typed', () => {
    const editor = new Editor();
    expect(editor.view(view).rows).toEqual(['> a hint']);
    type(editor, 'x');
    expect(editor.view(view)).toEqual({ rows: ['> x'], cursor: { row: 0, column: 3 } });
  });

  it('counts wide characters, emoji and marks as a terminal does', () => {
    const editor = new Editor();
    type(editor, '世👩‍👩‍👧e\u0301');
    expect(editor.view(view).cursor).toEqual({ row: 0, column: 7 });
    editor.press(press('left'));
    editor.press(press('backspace'));
    expect(editor.text).toBe('世e\u0301');
    expect(editor.view(view).cursor).toEqual({ row: 0, column: 4 });
  });

  it('wraps at the edge, with the cursor where the next character will stand', () => {
    const editor = new Editor();
    type(editor, 'abcdefghijklmnopqr');
    expect(editor.view(view)).toEqual({ rows: ['> abcdefghijklmnopqr', ''], cursor: { row: 1, column: 2 } });
    type(editor, '世');
    expect(editor.view(view).rows).toEqual(['> abcdefghijklmnopqr', '  世']);
  });

  it('shows a long paste as a block, sends it whole, and unfolds it on demand', () => {
    const editor = new Editor();
    const long = Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\n');
    type(editor, 'a ');
    editor.paste(long);
    type(editor, ' b');
    expect(editor.view({ ...view, columns: 60 }).rows).toEqual(['> a [pasted 20 lines] b']);
    expect(editor.text).toBe(`a ${long} b`);
    for (const name of ['left', 'left', 'backspace']) editor.press(press(name));
    expect(editor.text).toBe('a  b');
    editor.press(press('_', { ctrl: true }));
    expect(editor.unfold()).toBe(true);
    expect(editor.view(view).rows).toHaveLength(10);
    expect(editor.text).toBe(`a ${long} b`);
  });

  it('shows nothing raw of what is pasted', () => {
    const editor = new Editor();
    editor.paste('\x1b[2J\x9b1m\u202e');
    expect(editor.view(view).rows.join('')).not.toMatch(/[\x1b\x9b\u202e]/);
    expect(editor.text).toBe('\x1b[2J\x9b1m\u202e');
  });

  it('moves between rows, and says where there is none', () => {
    const editor = new Editor();
    editor.paste('first line\nsecond\nthird line');
    editor.view(view);
    expect([editor.moveRow(-1), editor.view(view).cursor]).toEqual([true, { row: 1, column: 8 }]);
    expect([editor.moveRow(-1), editor.moveRow(-1)]).toEqual([true, false]);
  });
});
