import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { caseMakers as CaseMakers } from './cases.ts';

/** The folder of the bench's programs in what `node bench/run.mjs keep DIR` left in DIR. A checkout whose bench has run looks the same. */
export function keptPrograms(dir: string): string {
  const programs = join(resolve(dir), 'bench', 'dist');
  if (existsSync(join(programs, 'cases.js'))) return programs;
  throw new Error(`${dir}: no bench/dist/cases.js in it, expected a folder that "node bench/run.mjs keep DIR" made`);
}

/** The cases of the build that was kept, in this process: its own sources, its own kernels, its own memory. */
export async function keptCases(dir: string): Promise<typeof CaseMakers> {
  const { href } = pathToFileURL(join(keptPrograms(dir), 'cases.js'));
  return ((await import(href)) as { caseMakers: typeof CaseMakers }).caseMakers;
}
