import { detectFeatures } from '../../src/platform/features.ts';
import { openLimits } from '../measure/limits.ts';
import { host } from './host.ts';
import { describeMachine } from './machine.ts';
import { count, counts, readOptions } from './options.ts';
import { digits, median, percent, spread } from '../measure/stats.ts';
import { table } from './table.ts';
import { interleave } from '../measure/timing.ts';

/** Prints what the machine can do at most: the ceilings that `ops` measures kernels against. */
const { options } = readOptions('usage: node bench/run.mjs limits_run [options]', {
  threads: { value: '1,2', default: '1,2', help: 'numbers of threads' },
  mib: { value: 'N', default: '512', help: 'MiB that the bandwidth sweep reads' },
  rounds: { value: 'N', default: '7', help: 'samples of each' },
});
const rounds = count('rounds', options.rounds);
const bytes = count('mib', options.mib) << 20;
const { build } = detectFeatures();
const rows: string[][] = [];
const row = (where: string, threads: number, name: string, amount: number, samples: number[]): void => {
  const perSecond = amount / median(samples) / 1e6;
  rows.push([where, build, String(threads), name, `${digits(perSecond)} ${units[name]}`, percent(spread(samples))]);
};
const units: Record<string, string> = { read: 'GB/s', copy: 'GB/s', dot: 'GMAC/s', dot16: 'GMAC/s', f32: 'GMAC/s' };

for (const threads of counts('threads', options.threads)) {
  const limits = await openLimits({ build, threads, sweepBytes: bytes, host: host() });
  const tasks = [limits.read, limits.copy, limits.dot, limits.dot16, limits.f32];
  const samples = await interleave(tasks, { rounds, sampleMs: 20 });
  tasks.forEach(({ name, amount }, i) => row(`Node ${process.version}`, threads, name, amount, samples[i]!));
  await limits.close();
}
const { cpu, nCores } = describeMachine();
console.log(`${cpu}, ${nCores} cores\n`);
console.log(table(['where', 'build', 'threads', 'limit', 'median', '±'], rows, 4));
