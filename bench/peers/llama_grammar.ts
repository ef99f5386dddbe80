/** llama.cpp's grammars, natively: its converter of JSON Schema and its masks, out of the libraries that node-llama-cpp brings along. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/** What became of a schema; undefined where the engine did not answer in time, or died. */
export interface PeerAnswer {
  /** Milliseconds until the first mask; undefined where it refused the schema. */
  readonly firstMs: number | undefined;
  /** By text: whether it was let through. */
  readonly fits: readonly boolean[];
  readonly maskUs: readonly number[];
}

/** An answer that takes longer than this is none. */
const PATIENCE_MS = 20_000;

/** llama.cpp's tree, out of the bundle in node-llama-cpp's package. */
export function llamaCppTree(dir: string): string {
  const tree = join(dir, 'llama.cpp');
  const bundle = join(dir, 'node_modules/node-llama-cpp/llama/gitRelease.bundle');
  if (!existsSync(tree)) run('git', ['-c', 'advice.detachedHead=false', 'clone', '--quiet', bundle, tree]);
  return tree;
}

/** Compiles the program that measures; undefined where there is no compiler, or no package for this platform. */
export function buildPeer(dir: string, source: string): string | undefined {
  const bins = join(dir, 'node_modules/@node-llama-cpp/linux-x64/bins/linux-x64');
  if (!existsSync(bins) || spawnSync('g++', ['--version']).status !== 0) return undefined;
  const tree = llamaCppTree(dir);
  const libraries = readdirSync(bins).filter((name) => /^lib(llama|ggml(?!-cpu)).*\.so$/.test(name));
  const program = join(mkdtempSync(join(tmpdir(), 'llama-grammar-')), 'grammar');
  const folders = ['common', 'include', 'ggml/include'].map((folder) => `-I${join(tree, folder)}`);
  const linked = [...libraries.map((name) => join(bins, name)), `-Wl,-rpath,${bins}`];
  run('g++', ['-O2', '-std=c++17', ...folders, source, '-o', program, ...linked]);
  return program;
}

function run(program: string, args: readonly string[]): void {
  const { status } = spawnSync(program, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`${program} ${args[0]} ended with status ${status}`);
}

/** The program while it runs; it is started again after it died or was too slow. */
export class LlamaGrammar {
  readonly #command: readonly string[];
  #child: ChildProcess | undefined;
  #lines: AsyncIterator<string> | undefined;

  constructor(program: string, vocab: string, every: number) {
    this.#command = [program, vocab, String(every)];
  }

  async judge(schema: unknown, texts: readonly (readonly number[])[]): Promise<PeerAnswer | undefined> {
    const first = await this.#ask(`S ${JSON.stringify(schema)}`);
    if (first === undefined) return undefined;
    if (first === 'E') return { firstMs: undefined, fits: [], maskUs: [] };
    const fits: boolean[] = [];
    const maskUs: number[] = [];
    for (const tokens of texts) {
      const answer = await this.#ask(`T ${tokens.join(' ')}`);
      if (answer === undefined) return undefined;
      const [, fit, ...times] = answer.split(' ');
      fits.push(fit === '1');
      for (const time of times) maskUs.push(Number(time));
    }
    return { firstMs: Number(first.slice(2)), fits, maskUs };
  }

  async #ask(line: string): Promise<string | undefined> {
    if (!this.#child) {
      const [program = '', ...args] = this.#command;
      this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
      this.#child.stdin!.on('error', () => undefined); // it died: its output ends, too
      this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
    }
    this.#child.stdin!.write(`${line}\n`);
    const answered = new AbortController();
    const late = delay(PATIENCE_MS, undefined, { signal: answered.signal }).catch(() => undefined);
    const answer = await Promise.race([this.#lines!.next(), late]);
    answered.abort();
    if (answer && !answer.done) return answer.value;
    this.close();
    return undefined;
  }

  close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}
