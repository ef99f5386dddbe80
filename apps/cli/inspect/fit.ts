/** Would a model run on this machine, and with how many positions? */
import { freemem } from 'node:os';
import {
  planMemoryOf,
  warningsOf,
  type GgufFile,
  type MemoryNeeded,
  type MemoryOptions,
  type MemoryPlanner,
} from '../../../src/gguf.ts';
import { inOptionWords } from '../option_words.ts';
import { counted, formatBytes, plural } from '../terminal.ts';
import { hasUnknownType } from './facts.ts';

export interface Fit {
  /** `smaller`: with `nCtx` positions. */
  readonly verdict: 'yes' | 'smaller' | 'no';
  readonly nCtx: number | undefined;
  readonly why: string;
  /** As asked for; undefined where the model cannot be opened whatever the memory. */
  readonly memory: MemoryNeeded | undefined;
  readonly freeBytes: number;
  /** Undefined where the model cannot be opened. */
  readonly makes: MemoryPlanner['makes'] | undefined;
  readonly warnings: readonly string[];
}

export async function fitOf(file: GgufFile, options: MemoryOptions): Promise<Fit> {
  const freeBytes = freeMemory();
  const warnings = warningsOf(file).map(inOptionWords);
  try {
    refuseUnknown(file);
    const planner = await planMemoryOf(file);
    const memory = planner.memoryNeeded(options);
    const { nCtxTrain, makes } = planner;
    if (memory.nCtx > nCtxTrain) {
      warnings.push(`${counted(memory.nCtx)} positions are beyond the ${counted(nCtxTrain)} that it was trained on`);
    }
    return { memory, freeBytes, makes, warnings, ...verdictOn(planner, memory, { options, freeBytes }) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const why = inOptionWords(error.message);
    return { verdict: 'no', nCtx: undefined, why, memory: undefined, freeBytes, makes: undefined, warnings };
  }
}

/** What programs may still take: in a container less than the machine has. */
function freeMemory(): number {
  const { availableMemory } = process as { availableMemory?: () => number };
  return Math.min(freemem(), availableMemory?.() ?? Infinity);
}

function refuseUnknown(file: GgufFile): void {
  const unknown = [...file.tensors.values()].find(hasUnknownType);
  if (unknown)
    throw new Error(`${JSON.stringify(unknown.name)} has ggml ${unknown.quant.name}, which this build does not know`);
}

interface Room {
  readonly options: MemoryOptions;
  readonly freeBytes: number;
}

function verdictOn(
  planner: MemoryPlanner,
  memory: MemoryNeeded,
  { options, freeBytes }: Room,
): Pick<Fit, 'verdict' | 'nCtx' | 'why'> {
  const { mostBytes } = planner;
  const limit = Math.min(mostBytes, freeBytes);
  const isTooLong = memory.totalBytes > mostBytes;
  const room = isTooLong ? `${formatBytes(mostBytes)} that WebAssembly has` : `${formatBytes(freeBytes)} free here`;
  const needs = `${plural(memory.nCtx, 'position')} need ${formatBytes(memory.totalBytes)}`;
  if (memory.totalBytes <= limit) return { verdict: 'yes', nCtx: memory.nCtx, why: `${needs} of the ${room}` };
  const why = `${needs}, more than the ${room}`;
  const bytesOf = (n: number): number => planner.memoryNeeded({ ...options, nCtx: n }).totalBytes;
  const nCtx = mostPositions(memory.nCtx, (n) => bytesOf(n) <= limit);
  if (nCtx === 0) return { verdict: 'no', nCtx: undefined, why };
  const trained =
    nCtx > planner.nCtxTrain
      ? ` and is beyond the ${plural(planner.nCtxTrain, 'position')} that the model was trained on`
      : '';
  return { verdict: 'smaller', nCtx, why: `it needs ${formatBytes(bytesOf(nCtx))}${trained}; ${why}` };
}

/** Contexts are counted in these; a conversation in less is none. */
const stepPositions = 128;

/** The largest multiple of a step below `n` that fits, or 0. */
function mostPositions(n: number, fits: (n: number) => boolean): number {
  let [fitting, tooMany] = [0, Math.ceil(n / stepPositions)];
  while (tooMany - fitting > 1) {
    const middle = (fitting + tooMany) >> 1;
    if (fits(middle * stepPositions)) fitting = middle;
    else tooMany = middle;
  }
  return fitting * stepPositions;
}
