/** A program at a terminal, and what a person would see of it. */
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';

export interface PtyOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Pty {
  /** Keys, as a terminal sends them. */
  type(text: string): void;
  /** As terminals send what is pasted. */
  paste(text: string): void;
  resize(columns: number, rows: number): void;
  kill(signal: string): void;
  /** The window's lines, spaces at their ends left out. */
  screen(): string[];
  /** The same with all that has scrolled away. */
  everything(): string[];
  /** Where the cursor stands in the window. */
  cursor(): { readonly row: number; readonly column: number };
  /** All bytes so far. */
  raw(): string;
  /** Waits for a text in the window, or for what is true of it. */
  see(wanted: string | RegExp | ((screen: string[]) => boolean), timeoutMs?: number): Promise<void>;
  /** The exit code, once it has ended. */
  readonly ended: Promise<number>;
}

export function openPty(file: string, args: readonly string[], { columns = 80, rows = 24, env }: PtyOptions = {}): Pty {
  const { NO_COLOR: _, ...inherited } = process.env;
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 10_000, allowProposedApi: true });
  const child = spawn(file, [...args], {
    cols: columns,
    rows,
    name: env?.['TERM'] ?? 'xterm-256color',
    env: { ...inherited, ...env },
  });
  let raw = '';
  let wake: () => void = () => undefined;
  child.onData((data) => {
    raw += data;
    terminal.write(data, () => wake());
  });
  const ended = new Promise<number>((resolve) =>
    child.onExit(({ exitCode, signal }) => resolve(exitCode || (signal ?? 0))),
  );
  void ended.then(() => wake());
  const lines = (from: number, to: number): string[] => {
    const { active } = terminal.buffer;
    return Array.from({ length: to - from }, (_, i) => active.getLine(from + i)?.translateToString(true) ?? '');
  };
  const screen = (): string[] => {
    const { baseY } = terminal.buffer.active;
    return lines(baseY, baseY + terminal.rows);
  };
  return {
    type: (text) => child.write(text),
    paste: (text) => child.write(`\x1b[200~${text}\x1b[201~`),
    resize(newColumns, newRows) {
      terminal.resize(newColumns, newRows);
      child.resize(newColumns, newRows);
    },
    kill: (signal) => child.kill(signal),
    screen,
    everything: () => lines(0, terminal.buffer.active.length),
    cursor: () => ({ row: terminal.buffer.active.cursorY, column: terminal.buffer.active.cursorX }),
    raw: () => raw,
    async see(wanted, timeoutMs = 20_000) {
      const isThere = (): boolean => {
        if (typeof wanted === 'function') return wanted(screen());
        const text = screen().join('\n');
        return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
      };
      const untilMs = performance.now() + timeoutMs;
      while (!isThere()) {
        const leftMs = untilMs - performance.now();
        if (leftMs <= 0) throw new Error(`not seen: ${String(wanted)}\n${screen().join('\n')}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
          setTimeout(resolve, Math.min(leftMs, 100));
        });
      }
    },
    ended,
  };
}
