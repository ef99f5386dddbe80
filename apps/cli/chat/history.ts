/** Messages of earlier sittings, for the arrow keys: a file for its owner alone, a JSON string on each line. */
import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

const maxMessages = 1000;
const maxChars = 10_000;

/** Where it lies; https://specifications.freedesktop.org/basedir-spec says that relative paths count as none. */
export function historyPath(env: NodeJS.ProcessEnv = process.env): string {
  const given = env['XDG_STATE_HOME'] ?? '';
  const state = isAbsolute(given) ? given : join(homedir(), '.local', 'state');
  return join(state, 'thimble', 'chat_history');
}

export class History {
  /** The oldest first. */
  readonly messages: string[] = [];
  /** Why nothing is kept, if that is so although it was wanted. */
  problem: string | undefined;
  private readonly path: string | undefined;
  private at = 0;
  private draft = '';

  /** Without a path nothing outlives the sitting. */
  constructor(path: string | undefined) {
    this.path = path;
    if (path === undefined) return;
    this.guarded(() => this.read(path));
    this.at = this.messages.length;
  }

  /** Like in shells, what begins with a space is not kept. */
  add(message: string): void {
    const isWorthIt = message.trim() !== '' && !message.startsWith(' ') && message !== this.messages.at(-1);
    if (isWorthIt) {
      this.messages.push(message);
      const { path } = this;
      if (path !== undefined && this.problem === undefined && message.length <= maxChars)
        this.guarded(() => appendFileSync(path, `${JSON.stringify(message)}\n`, { mode: 0o600 }));
    }
    this.at = this.messages.length;
  }

  /** The next older (-1) or newer (1) message that begins like what was typed; nothing where there is none. */
  step(by: 1 | -1, typed: string): string | undefined {
    if (this.at === this.messages.length) this.draft = typed;
    for (let at = this.at + by; at >= 0 && at <= this.messages.length; at += by) {
      const message = this.messages[at] ?? this.draft;
      if (at < this.messages.length && !message.startsWith(this.draft)) continue;
      this.at = at;
      return message;
    }
    return undefined;
  }

  /** What is typed now is a new message. */
  leave(): void {
    this.at = this.messages.length;
  }

  private read(path: string): void {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) return;
    if (!stats.isFile()) throw new Error('it is not a file');
    if ((stats.mode & 0o077) !== 0) chmodSync(path, 0o600);
    const lines = readFileSync(path, 'utf8').split('\n');
    const all = lines.map(parsed).filter((message) => message !== undefined);
    this.messages.push(...all.slice(-maxMessages));
    if (all.length < 2 * maxMessages) return;
    const kept = `${path}.${process.pid}`;
    writeFileSync(kept, this.messages.map((message) => `${JSON.stringify(message)}\n`).join(''), { mode: 0o600 });
    renameSync(kept, path);
  }

  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.problem = `messages are not kept for the next time: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

/** A line that another program wrote, or half of one, is passed over. */
function parsed(line: string): string | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
