/** What processes have of a machine's memory, as Linux tells it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { processTree } from '../../bench/lib/processes.ts';

const field = (pid: number, name: string): number => {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1024;
};

/** Bytes that are its own: no files that it maps, and nothing that it shares with other processes. */
export const ownBytes = (pid: number): number => field(pid, 'RssAnon');

/** The most resident bytes since it began, or since `forgetPeak`. */
export const peakBytes = (pid: number): number => field(pid, 'VmHWM');

export const residentBytes = (pid: number): number => field(pid, 'VmRSS');

export const forgetPeak = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5');

/** The processes of Chromium that run pages: ours, and one that waits for the next. */
export const renderersOf = (browser: number): number[] =>
  processTree(browser).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer'));
