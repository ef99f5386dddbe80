/** Runs the built command line, as a user would. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeGguf } from '../../src/gguf/write.ts';
import { openNodeSink } from '../../src/bytes/node_file.ts';
import { stories260kContent } from '../helpers/stories260k.ts';

/** What `npm run build` made; THIMBLE_CLI names another build's, such as that of an installed package. */
export const cliPath = process.env['THIMBLE_CLI'] ?? fileURLToPath(new URL('../../dist/node/cli.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What comes in on stdin; nothing by default. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly onStart?: (child: { kill(signal: NodeJS.Signals): void }) => void;
  /** Called whenever stdout has grown. */
  readonly onStdout?: (stdout: string, child: { kill(signal: NodeJS.Signals): void; type(text: string): void }) => void;
}

/** Waits for the end. With `input` and `onStdout` stdin stays open until the program ends it. */
export function thimble(args: readonly string[], { input, env, onStart, onStdout }: RunOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [cliPath, ...args], { env: { ...process.env, ...env } });
  const isOpen = onStdout !== undefined && input !== undefined;
  let stdout = '';
  let stderr = '';
  const hand = {
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    type: (text: string) => void child.stdin.write(text),
  };
  onStart?.(hand);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    onStdout?.(stdout, hand);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined); // a program that does not read its input
  if (isOpen) child.stdin.write(input);
  else child.stdin.end(input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

export interface Workbench {
  readonly folder: string;
  /** stories260K. */
  readonly stories: string;
  /** The same with a chat template that writes only what was said. */
  readonly talking: string;
  path(name: string): string;
  close(): Promise<void>;
}

/** A folder with the small models in it. */
export async function openWorkbench(): Promise<Workbench> {
  const folder = await mkdtemp(join(tmpdir(), 'thimble-cli-'));
  const path = (name: string) => join(folder, name);
  const [stories, talking] = [path('stories.gguf'), path('talking.gguf')];
  const content = await stories260kContent();
  const template = '{% for message in messages %}{{ message.content }} {% endfor %}';
  const metadata = new Map([
    ...content.metadata,
    ['tokenizer.chat_template', { type: 'string', value: template }] as const,
  ]);
  await writeGguf(await openNodeSink(stories), content);
  await writeGguf(await openNodeSink(talking), { ...(await stories260kContent()), metadata });
  await writeFile(
    path('story.txt'),
    'Once upon a time, there was a little girl named Lily. She loved to play.\n'.repeat(30),
  );
  return { folder, stories, talking, path, close: () => rm(folder, { recursive: true }) };
}

/** Whether `script` of util-linux is here, which gives a program a terminal. */
export const haveTerminal = (() => {
  const { status, stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return status === 0 && stdout.includes('util-linux');
})();

export interface TerminalOptions {
  /** What is typed, each text after the terminal has shown another one. */
  readonly typed?: readonly (readonly [after: string, text: string])[];
  readonly columns?: number;
  /** Makes a line for a shell out of the command. */
  readonly shell?: (line: string) => string;
}

/** The same in a terminal: all that reaches it, stdout and stderr together. */
export function onTerminal(args: readonly string[], options: TerminalOptions = {}): Promise<Omit<Ended, 'stderr'>> {
  const { typed = [], columns = 80, shell = (line) => line } = options;
  const quoted = [process.execPath, cliPath, ...args].map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = spawn('script', ['-qec', `stty cols ${columns} rows 24 -echo; ${shell(quoted)}`, '/dev/null'], {
    env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm-256color', NO_COLOR: '' },
  });
  let stdout = '';
  const waiting = [...typed];
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const next = waiting[0];
    if (!next || !stdout.slice(seen).includes(next[0])) return;
    seen = stdout.length;
    child.stdin.write(waiting.shift()![1]);
  });
  child.stdin.on('error', () => undefined);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout }));
  });
}

/** The lines of a terminal that are left when colours, moves of the cursor and lines that were erased are taken away. */
export const plainLines = (shown: string): string[] =>
  shown
    .replace(/[^\n]*\r\x1b\[K/g, '')
    .replace(/\x1b\[[\d;?]*[a-zA-Z]/g, '')
    .replaceAll('\r\n', '\n')
    .split('\n');
