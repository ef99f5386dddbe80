import type { GpuReport, ModelSource, openModel as OpenModel, OpenOptions, StoredSource } from 'thimble';
import { median } from './stats.ts';

/** Whatever the library opens. */
export type Source = ModelSource | StoredSource;

/** One thing to measure: an engine reads or generates `nTokens` tokens after `nPast` others. */
export interface Phase {
  readonly name: string;
  readonly kind: 'prefill' | 'decode';
  readonly nTokens: number;
  readonly nPast: number;
}

/** The numbers that one process measures on one model. Rates are tokens per second, by the caller's clock. */
export interface Measured {
  readonly loadMs: number;
  /** From the call to the first token, for the first prompt after loading, of 128 tokens. */
  readonly ttftMs: number;
  /** Highest resident memory; a page does not know its own. */
  readonly rssMb?: number;
  /** What the last phase read from storage behind the tokens that came before it, where the system tells. */
  readonly storedMb?: number;
  /** Of rounds the median. */
  readonly tps: Readonly<Record<string, number>>;
  readonly threads: number;
  /** Version and variant of the engine. */
  readonly engine: string;
}

/** What measuring thimble says beyond that. */
export interface ThimbleMeasured extends Measured {
  readonly model: string;
  readonly weightBytes: number;
  /** The GPU that it ran on, and what the checks of its kernels came to. */
  readonly gpu?: GpuReport | undefined;
  /** One rate for each round. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
}

export interface MeasureOptions {
  readonly open?: OpenOptions;
  /** Turns of each phase. Default 1. */
  readonly rounds?: number;
  readonly signal?: AbortSignal;
  /** Called before each phase, and when what comes before has been read. */
  readonly onPhase?: (doneShare: number) => void;
  readonly onPast?: () => void;
}

export const FIRST_PROMPT = 128;

export const prefillPhase = (n: number): Phase => ({ name: `prefill ${n}`, kind: 'prefill', nTokens: n, nPast: 0 });

export const decodePhase = (nTokens: number, nPast: number): Phase => ({
  ...{ name: `decode @${nPast}`, kind: 'decode', nTokens, nPast },
});

/** Positions that the phases need, and a little room. */
export const nCtxFor = (phases: readonly Phase[]): number =>
  Math.max(FIRST_PROMPT, ...phases.map(({ nTokens, nPast }) => nTokens + nPast)) + 64;

/** Token ids that differ from call to call, so that nothing is reused; all are plain words in the vocabularies at hand. */
export function promptIds(n: number, salt: number, nVocab: number): number[] {
  const low = Math.min(300, nVocab >> 1);
  const high = Math.min(900, nVocab - 1);
  let state = Math.imul(salt, 2654435761) >>> 0;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + ((state >>> 8) % (high - low));
  });
}

/** Answers to prompts that nobody has seen, in one session of one model. */
async function openMeasured(openModel: typeof OpenModel, source: Source, open: OpenOptions, signal?: AbortSignal) {
  const openMs = performance.now();
  const model = await openModel(source, { maxSessions: 1, ...open, signal });
  const loadMs = performance.now() - openMs;
  const session = model.openSession();
  let salt = 1;
  const ids = (n: number): number[] => promptIds(n, salt++, model.info.nVocab);
  const greedy = { temperature: 0, ignoreEos: true, signal } as const;
  const answer = (prompt: number[], maxTokens: number) => session.generate(prompt, { ...greedy, maxTokens }).result;
  const close = async (): Promise<void> => {
    await session.close();
    await model.close();
  };
  return { info: model.info, loadMs, ids, answer, close };
}

/** Measures thimble: in Node through its published bundle, in a page through the web bundle. */
export async function measureThimble(
  openModel: typeof OpenModel,
  source: Source,
  phases: readonly Phase[],
  { open, rounds = 1, signal, onPhase, onPast }: MeasureOptions = {},
): Promise<ThimbleMeasured> {
  const opened = await openMeasured(openModel, source, { nCtx: nCtxFor(phases), ...open }, signal);
  const { info, loadMs, ids, answer, close } = opened;
  try {
    const firstMs = performance.now();
    await answer(ids(FIRST_PROMPT), 1);
    const ttftMs = performance.now() - firstMs;
    await answer(ids(16), 16); // warms decoding up

    const turns = Array.from({ length: rounds }, () => phases).flat();
    const samples: Record<string, number[]> = Object.fromEntries(phases.map(({ name }) => [name, []]));
    for (const [i, phase] of turns.entries()) {
      onPhase?.(i / turns.length);
      samples[phase.name]!.push(await rateOf(phase, opened, onPast));
    }
    const tps = Object.fromEntries(Object.entries(samples).map(([name, rates]) => [name, median(rates)]));
    const { threads, backend: engine, name: model, weightBytes, gpu } = info;
    return { loadMs, ttftMs, tps, threads, engine, model, weightBytes, gpu, samples };
  } finally {
    await close();
  }
}

async function rateOf(
  { kind, nTokens, nPast }: Phase,
  { ids, answer }: Awaited<ReturnType<typeof openMeasured>>,
  onPast?: () => void,
): Promise<number> {
  const past = ids(nPast);
  if (nPast > 0) await answer(past, 1);
  onPast?.();
  if (kind === 'decode') return (await answer(past, nTokens + 1)).timings.decodeTps;
  const startMs = performance.now();
  await answer([...past, ...ids(nTokens)], 1);
  return (nTokens * 1000) / (performance.now() - startMs);
}

/** Tokens of each answer of a sustained run: long enough to count, short enough to show what changes. */
const SUSTAINED_TOKENS = 48;

export interface SustainedOptions {
  readonly open?: OpenOptions;
  readonly seconds: number;
  /** Ends it; what was measured so far stays. */
  readonly signal?: AbortSignal;
  /** Called when the model is open and warm. */
  readonly onStart?: (model: string) => void;
  /** Called after each answer: seconds since the first one began, and its decode speed. */
  readonly onSample: (seconds: number, tps: number) => void;
}

/** Answers one short prompt after the other for some minutes: devices that get warm become slower. */
export async function measureSustained(
  openModel: typeof OpenModel,
  source: Source,
  { open, seconds, signal, onStart, onSample }: SustainedOptions,
): Promise<void> {
  const { info, ids, answer, close } = await openMeasured(openModel, source, { nCtx: 256, ...open }, signal);
  try {
    await answer(ids(16), 16); // warms decoding up
    onStart?.(info.name);
    const startMs = performance.now();
    for (let now = 0; now < seconds && !signal?.aborted;) {
      const { timings, stopReason } = await answer(ids(16), SUSTAINED_TOKENS + 1);
      now = (performance.now() - startMs) / 1000;
      if (stopReason !== 'abort') onSample(now, timings.decodeTps);
    }
  } finally {
    await close();
  }
}
