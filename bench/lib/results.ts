import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Device } from '../measure/result.ts';
import type { Machine } from './machine.ts';

/**
 * `bench/results/2026-01-31-amd-epyc-2.json`. Benches other than the peers' add their name; a number follows where that name
 * is taken.
 */
export function freeResultsFile(date: string, { cpu, nCores }: Machine, bench = ''): string {
  const slug = slugOf(cpu);
  const folder = fileURLToPath(new URL('../results', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const stem = `${date}-${slug}-${nCores}${bench && `-${bench}`}`;
  for (let i = 1; ; i++) {
    const path = join(folder, `${stem}${i === 1 ? '' : `-${i}`}.json`);
    if (!existsSync(path)) return path;
  }
}

/** `bench/results/devices/amd-epyc-2-cores-node-v24.json`: one file a device and engine, which the next measurement writes over. */
export function deviceFile({ name, engine }: Device): string {
  const folder = fileURLToPath(new URL('../results/devices', import.meta.url));
  mkdirSync(folder, { recursive: true });
  return join(folder, `${slugOf(`${name} ${engine.replace(/\..*$/, '')}`)}.json`);
}

const slugOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/\(r\)|\(tm\)|cpu|processor|@.*$/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
