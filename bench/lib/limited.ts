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
  const turns: Turn[] = [];
  for (let round = 0; round < run.rounds; round++)
    for (const limitBytes of run.limits)
      for (const [name, [program, job]] of enginesOf(run, limitBytes)) {
        const measured = await runOnce(run.model, limitBytes, program, job);
        turns.push({ limitBytes, name, measured });
        const said = 'why' in measured ? measured.why : digits(measured.tps[PHASE]!);
        process.stderr.write(`${digits(limitBytes / 1e9)}, ${name}, ${said}\n`);
      }
  const size = digits(statSync(run.model).size / 1e9);
  const said = `The file's ${size} GB have to share the memory of the first column with all else that an engine has. "By the bytes" is what the engine takes at the largest limit, and what it reads for a token at the rate of the storage:`;
  const head = [
    'GB',
    'engine',
    'tokens/s',
    'by the bytes',
    'opening s',
    'first token s',
    'MB a token',
    'RSS MB',
    'storage GB/s',
    'other cores',
  ];
  const rows = turns.map((turn) => rowOf(turn, turns, run.nTokens));
  return { text: `${said}\n\n${table(head, rows, 2)}`, lines: linesOf(turns) };
}

/** What an engine did in so much memory. */
interface Turn {
  readonly limitBytes: number;
  readonly name: string;
  readonly measured: Limited | { readonly why: string };
}

function rowOf({ limitBytes, name, measured }: Turn, turns: readonly Turn[], nTokens: number): string[] {
  const names = [digits(limitBytes / 1e9), name];
  if ('why' in measured) return [...names, measured.why, ...Array<string>(7).fill('')];
  const { tps, loadMs, ttftMs, storedMb = NaN, rssMb = NaN, rate, otherCpu } = measured;
  const mbPerToken = storedMb / (nTokens + 1); // with the last token of what came before
  const numbers = [loadMs / 1000, ttftMs / 1000, mbPerToken, rssMb, rate / 1e9, otherCpu];
  const largest = speedsOf(name, turns).at(-1)!;
  const byTheBytes = largest.x > limitBytes / 1e9 ? digits(1 / (1 / largest.y + (mbPerToken * 1e6) / rate)) : '';
  return [...names, digits(tps[PHASE]!), byTheBytes, ...numbers.map((n) => digits(n))];
}

/** Tokens a second of an engine by gigabytes, the medians of its turns. */
function speedsOf(name: string, turns: readonly Turn[]): Point[] {
  const points = turns.flatMap(({ limitBytes, name: of, measured }) =>
    of === name && !('why' in measured) ? [{ x: limitBytes / 1e9, y: measured.tps[PHASE]! }] : [],
  );
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  return xs.map((x) => ({ x, y: median(points.filter((point) => point.x === x).map(({ y }) => y)) }));
}

function linesOf(turns: readonly Turn[]): Line[] {
  const names = [...new Set(turns.map(({ name }) => name))];
  return names.map((name) => ({ name, points: speedsOf(name, turns) })).filter(({ points }) => points.length > 0);
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
