import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine } from './machine.ts';

/**
 * `bench/results/2026-01-31-amd-epyc-2.json`. Benches other than the peers' add their name; a number follows where that name
 * is taken.
 */
export function freeResultsFile(date: string, { cpu, nCores }: Machine, bench = ''): string {
  const slug = cpu
    .toLowerCase()
    .replace(/\(r\)|\(tm\)|cpu|processor|@.*$/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const folder = fileURLToPath(new URL('../results', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const stem = `${date}-${slug}-${nCores}${bench && `-${bench}`}`;
  for (let i = 1; ; i++) {
    const path = join(folder, `${stem}${i === 1 ? '' : `-${i}`}.json`);
    if (!existsSync(path)) return path;
  }
}
