import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decodePhase, type Measured } from '../measure/phases.ts';
import { digits } from '../measure/stats.ts';
import { defaultPeersDir, restrictedPeers } from '../peers/install.ts';
import { measureInChild } from './child.ts';
import { memoryGroup } from './memory_group.ts';
import { Watch } from './processes.ts';
import { forgetFile, readingRate } from './storage.ts';
import { table } from './table.ts';

export interface LimitedRun {
  readonly model: string;
  readonly limitBytes: number;
  readonly threads: number;
  readonly nTokens: number;
  readonly rounds: number;
  readonly native: boolean;
}

/** Of a process beside the model: Node, its heap, and a few pages of the file. */
const BESIDE_BYTES = 200e6;

/** llama.cpp's widest variant that computes with MXFP4 as the mapped file has it: those for AVX2 and more copy it all into another order. */
const MAPPING = 'ivybridge';

/** Milliseconds that one engine may take: a model that does not fit may read all of itself for each token. */
const TIMEOUT_MS = 300_000;

/**
 * Engines that may take so much memory, what they have read of the file included, by turns. Each begins with nothing of the file in memory.
 * @returns a table, or why nothing was measured
 */
export async function runLimited(run: LimitedRun): Promise<string> {
  const { model, limitBytes, threads, nTokens, rounds } = run;
  const phase = decodePhase(nTokens, 16);
  const memory = limitBytes - BESIDE_BYTES;
  const engines = new Map<string, readonly [string, unknown]>([
    [
      `thimble, memory: ${digits(memory / 1e9)} GB`,
      ['thimble', { model, phases: [phase], options: { threads, memory } }],
    ],
  ]);
  const dir = defaultPeersDir();
  if (run.native && !existsSync(join(dir, 'node_modules', 'node-llama-cpp'))) return 'node-llama-cpp is not installed';
  const native = (peers: string) => ['native', { dir: peers, model, threads, phases: [phase], label: '' }] as const;
  if (run.native) {
    engines.set('llama.cpp', native(dir));
    engines.set(`llama.cpp, ${MAPPING}`, native(restrictedPeers(dir, MAPPING)));
  }
  const rows: string[][] = [];
  for (let round = 0; round < rounds; round++)
    for (const [name, [program, job]] of engines) {
      const group = memoryGroup(limitBytes);
      if (typeof group === 'string') return group;
      let watch: Watch | undefined;
      const onStart = (pid: number): void => {
        group.add(pid);
        watch = new Watch(pid);
      };
      try {
        forgetFile(model);
        const rate = await readingRate(model);
        forgetFile(model);
        const measured = await measureInChild<Measured>(program, job, { timeoutMs: TIMEOUT_MS, onStart });
        rows.push([
          name,
          ...numbersOf(measured, phase.name, nTokens),
          digits(rate / 1e9),
          digits(watch!.stop().otherCpu),
        ]);
      } catch (error) {
        watch?.stop();
        const why = error instanceof Error ? error.message : String(error);
        rows.push([name, group.wasShort() ? 'killed: it takes more' : why, '', '', '', '', '', '']);
      } finally {
        group.close();
      }
    }
  const said = `${digits(limitBytes / 1e9)} GB of memory for each engine, what it has read of the file's ${digits(statSync(model).size / 1e9)} GB included:`;
  const head = [
    'engine',
    'tokens/s',
    'opening s',
    'first token s',
    'MB a token',
    'RSS MB',
    'storage GB/s',
    'other cores',
  ];
  return `${said}\n\n${table(head, rows)}`;
}

const numbersOf = ({ tps, loadMs, ttftMs, storedMb, rssMb }: Measured, phase: string, nTokens: number): string[] =>
  [tps[phase]!, loadMs / 1000, ttftMs / 1000, (storedMb ?? NaN) / nTokens, rssMb ?? NaN].map((n) => digits(n));
