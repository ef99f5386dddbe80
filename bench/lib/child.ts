import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measured } from '../measure/phases.ts';
import { endTree } from './processes.ts';

export interface ChildOptions {
  /** The Node that runs it; default: this one. */
  readonly node?: string;
  /** Folder of the bench's programs; default: the one that this file is bundled into. */
  readonly programs?: string;
  readonly timeoutMs: number;
  /** Gets the process id as soon as there is one. */
  readonly onStart?: (pid: number) => void;
}

/** Runs one of the bench's programs with a job; its last line of output is the result. @throws Error with what it said. */
export function measureInChild<T = Measured>(program: string, job: unknown, options: ChildOptions): Promise<T> {
  const {
    node = process.execPath,
    programs = fileURLToPath(new URL('.', import.meta.url)),
    timeoutMs,
    onStart,
  } = options;
  const script = join(programs, `${program}.js`);
  return new Promise((resolve, reject) => {
    const child = spawn(node, [script, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      endTree(child.pid!);
    }, timeoutMs);
    if (child.pid !== undefined) onStart?.(child.pid);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const last = out.trim().split('\n').at(-1) ?? '';
      if (code === 0 && last.startsWith('{')) return resolve(JSON.parse(last) as T);
      const why = isLate ? `no result after ${timeoutMs / 1000} s` : firstError(said || out);
      reject(new Error(`${program}: ${why || `ended with ${code ?? signal}`}`));
    });
  });
}

/** The line of a stack trace that says what happened; drivers may have said something before. */
function firstError(text: string): string {
  const lines = text.trim().split('\n');
  const found = [/Error: /, /error/i].map((pattern) => lines.find((line) => pattern.test(line)));
  return (found.find((line) => line !== undefined) ?? lines.at(-1) ?? '').trim().slice(0, 300);
}
