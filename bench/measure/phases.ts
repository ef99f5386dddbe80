import type { openModel as OpenModel } from '../../src/api/open_model.ts';
import type { OpenOptions } from '../../src/protocol/open.ts';
import type { ModelSource } from '../../src/platform/platform.ts';

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
  readonly tps: Readonly<Record<string, number>>;
  readonly threads: number;
  /** Version and variant of the engine. */
  readonly engine: string;
}

export const FIRST_PROMPT = 128;

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

/** Measures thimble: in Node through its published bundle, in a page through the web bundle. */
export async function measureThimble(
  openModel: typeof OpenModel,
  source: ModelSource,
  phases: readonly Phase[],
  options: OpenOptions = {},
): Promise<Measured> {
  const openMs = performance.now();
  const model = await openModel(source, { nCtx: nCtxFor(phases), maxSessions: 1, ...options });
  const loadMs = performance.now() - openMs;
  const { nVocab, backend, threads } = model.info;
  const greedy = { temperature: 0, ignoreEos: true } as const;
  let salt = 1;
  const ids = (n: number) => promptIds(n, salt++, nVocab);
  const session = model.openSession();
  const answer = (prompt: number[], maxTokens: number) => session.generate(prompt, { ...greedy, maxTokens }).result;

  const firstMs = performance.now();
  await answer(ids(FIRST_PROMPT), 1);
  const ttftMs = performance.now() - firstMs;
  await answer(ids(16), 16); // warms decoding up

  const tps: Record<string, number> = {};
  for (const { name, kind, nTokens, nPast } of phases) {
    const past = ids(nPast);
    if (kind === 'decode') {
      const { timings } = await answer(past, nTokens + 1);
      tps[name] = timings.decodeTps;
      continue;
    }
    if (nPast > 0) await answer(past, 1);
    const startMs = performance.now();
    await answer([...past, ...ids(nTokens)], 1);
    tps[name] = (nTokens * 1000) / (performance.now() - startMs);
  }
  await session.close();
  await model.close();
  return { loadMs, ttftMs, tps, threads, engine: backend };
}
