import { statSync } from 'node:fs';
import { decodePhase, type Measured } from '../measure/phases.ts';
import { digits, median } from '../measure/stats.ts';
import { defaultPeersDir, installPeers, restrictedPeers } from '../peers/install.ts';
import { measureInChild } from './child.ts';
import type { Line, Point } from './curve.ts';
import { memoryGroup } from './memory_group.ts';
import { Watch } from './processes.ts';
import { forgetFile, readingRate } from './storage.ts';
import { table } from './table.ts';

export interface LimitedRun {
  readonly model: string;
  readonly limits: readonly number[];
  readonly threads: number;
  readonly nTokens: number;
  readonly rounds: number;
  readonly native: boolean;
}

/** Each engine is measured in one. */
const PHASE = 'decode';

/** Of a process beside the model: Node, its heap, and a few pages of the file. */
const BESIDE_BYTES = 200e6;

/** llama.cpp's widest variant that computes with MXFP4 as the mapped file has it: those for AVX2 and more copy it all into another order. */
const MAPPING = 'ivybridge';

/** Milliseconds that one engine may take: a model that does not fit may read all of itself for each token. */
const TIMEOUT_MS = 300_000;

/** What was measured, as a table and as lines to draw. */
export interface LimitedRuns {
  readonly text: string;
  readonly lines: readonly Line[];
}

/**
 * Engines that may take so much memory, what they have read of the file included, by turns. Each begins with nothing of the file in memory.
 * What an engine could not do stands in its row.
 */
export async function runLimited(run: LimitedRun): Promise<LimitedRuns> {
  const rows: string[][] = [];
  const points = new Map<string, Point[]>();
  for (let round = 0; round < run.rounds; round++)
    for (const limitBytes of run.limits)
      for (const [name, [program, job]] of enginesOf(run, limitBytes)) {
        const measured = await runOnce(run.model, limitBytes, program, job);
        const row = [
          digits(limitBytes / 1e9),
          name,
          ...('why' in measured ? failed(measured.why) : numbersOf(measured, run.nTokens)),
        ];
        rows.push(row);
        process.stderr.write(`${row.slice(0, 3).join(', ')}\n`);
        if ('why' in measured) continue;
        const known = points.get(name) ?? [];
        points.set(name, known);
        known.push({ x: limitBytes / 1e9, y: measured.tps[PHASE]! });
      }
  const size = digits(statSync(run.model).size / 1e9);
  const said = `The file's ${size} GB have to share the memory of the first column with all else that an engine has:`;
  const head = [
    'GB',
    'engine',
    'tokens/s',
    'opening s',
    'first token s',
    'MB a token',
    'RSS MB',
    'storage GB/s',
    'other cores',
  ];
  const lines = [...points].map(([name, all]) => ({ name, points: medians(all) }));
  return { text: `${said}\n\n${table(head, rows, 2)}`, lines };
}

type Engine = readonly [program: string, job: unknown];

function enginesOf({ model, threads, nTokens, native }: LimitedRun, limitBytes: number): Map<string, Engine> {
  const phases = [{ ...decodePhase(nTokens, 16), name: PHASE }];
  const options = { threads, memory: limitBytes - BESIDE_BYTES };
  const engines = new Map<string, Engine>([['thimble', ['thimble', { model, phases, options }]]]);
  if (!native) return engines;
  const dir = defaultPeersDir();
  installPeers(dir, ['node-llama-cpp', '@node-llama-cpp/linux-x64']);
  const llama = (peers: string): Engine => ['native', { dir: peers, model, threads, phases, label: '' }];
  engines.set('llama.cpp', llama(dir));
  engines.set(`llama.cpp, ${MAPPING}`, llama(restrictedPeers(dir, MAPPING)));
  return engines;
}

type Limited = Measured & { readonly rate: number; readonly otherCpu: number };

async function runOnce(
  model: string,
  limitBytes: number,
  program: string,
  job: unknown,
): Promise<Limited | { why: string }> {
  const group = memoryGroup(limitBytes);
  if (typeof group === 'string') return { why: `not measured: ${group}` };
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
    return { ...measured, rate, otherCpu: watch!.stop().otherCpu };
  } catch (error) {
    watch?.stop();
    return { why: group.wasShort() ? 'killed: wants more' : error instanceof Error ? error.message : String(error) };
  } finally {
    group.close();
  }
}

function numbersOf(
  { tps, loadMs, ttftMs, storedMb = NaN, rssMb = NaN, rate, otherCpu }: Limited,
  nTokens: number,
): string[] {
  return [tps[PHASE]!, loadMs / 1000, ttftMs / 1000, storedMb / nTokens, rssMb, rate / 1e9, otherCpu].map((n) =>
    digits(n),
  );
}

const failed = (why: string): string[] => [why, ...Array<string>(6).fill('')];

function medians(points: readonly Point[]): Point[] {
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  return xs.map((x) => ({ x, y: median(points.filter((point) => point.x === x).map(({ y }) => y)) }));
}
