import { FormatError } from '../base/errors.ts';
import { checkNumber, checkWhole } from '../base/checks.ts';
import { randomSeed } from '../base/numbers.ts';
import { drawingRoom, maxLogit, newRoom, type Candidates, type SamplerLink } from './candidates.ts';
import { dry } from './dry.ts';
import { createHistory, forget, recent, remember, type History } from './history.ts';
import { logitBias } from './logit_bias.ts';
import { minP } from './min_p.ts';
import { mirostat, type MirostatLink } from './mirostat.ts';
import { checkOptions, type CheckedOptions, type SamplerOptions, type TokenOptions } from './options.ts';
import { penalties } from './penalties.ts';
import { pickBest, pickRandom } from './pick.ts';
import { seedRandom, type RandomState } from './random.ts';
import { temperature } from './temperature.ts';
import { topK } from './top_k.ts';
import { topP } from './top_p.ts';
import { typicalP } from './typical_p.ts';
import { xtc } from './xtc.ts';

/** Where a sampler stands: another one goes on from there exactly. Plain data, fit for JSON. */
export interface SamplerState {
  /** The four 32-bit words of the random generator. */
  readonly random: readonly number[];
  /** The tokens that penalties and DRY look back on, oldest first. */
  readonly recent: readonly number[];
  readonly mirostatMu: number;
}

export type { SamplerOptions };

export interface Sampler {
  /** The seed in use: the one given, or the one drawn. */
  readonly seed: number;
  /**
   * Chooses a token from `logits` `[nVocab]`, which stay as they are. Allocates nothing.
   * @param narrow leaves those that may be chosen, in their order, where not all may
   */
  sample(logits: Float32Array, narrow?: (candidates: Candidates) => void): number;
  /** Tells the sampler which token the text went on with: each prompt token, and each token sampled. */
  accept(token: number): void;
  /** Back to the start: no tokens accepted, random numbers from the seed again. */
  reset(): void;
  save(): SamplerState;
  /** Throws a RangeError if the state cannot be one of this sampler's. */
  restore(state: SamplerState): void;
  /** What `sample` is made of, for draws that do not need all logits. */
  readonly parts: SamplerParts;
}

export interface SamplerParts {
  readonly options: CheckedOptions;
  readonly candidates: Candidates;
  /** Change logits in place; candidate i is token i. */
  readonly adjusting: readonly SamplerLink[];
  /** Narrows the candidates down, and draws one. */
  draw(): number;
}

/**
 * The chain, in this order (that of llama.cpp): logit bias, penalties, DRY, top-k, typical-p, top-p, min-p, XTC, temperature,
 * then a draw. The first three run while candidate i is token i, and touch few tokens. The others narrow the candidates down,
 * so the expensive ones come when few are left. A link that is off is not in the chain.
 */
function buildLinks(o: CheckedOptions, history: History, random: RandomState, nVocab: number): Links {
  const isPenalising = o.repeatPenalty !== 1 || o.presencePenalty !== 0 || o.frequencyPenalty !== 0;
  const before: Slot[] = [
    o.logitBias.length > 0 && logitBias(o.logitBias),
    isPenalising && penalties(o, history, nVocab),
    o.dryMultiplier > 0 && dry(o, history, nVocab),
  ];
  const steering = o.mirostatTau > 0 ? mirostat(o) : undefined;
  const truncating: Slot[] = [
    o.topK > 0 && topK(o.topK),
    o.typicalP < 1 && typicalP(o.typicalP, nVocab),
    o.topP < 1 && topP(o.topP),
    o.minP > 0 && minP(o.minP),
    o.xtcProbability > 0 && xtc(o, random),
    temperature(o),
  ];
  const after: Slot[] = steering ? [temperature(o), steering] : truncating;
  return {
    adjusting: before.filter((link) => link !== false),
    narrowing: o.temperature === 0 ? [] : after.filter((link) => link !== false),
    steering,
  };
}

type Slot = SamplerLink | false;

interface Links {
  /** Change logits in place; candidate i is token i. */
  readonly adjusting: readonly SamplerLink[];
  readonly narrowing: readonly SamplerLink[];
  /** The link among `narrowing` that has state of its own. */
  readonly steering: MirostatLink | undefined;
}

export function createSampler(options: TokenOptions, nVocab: number): Sampler {
  checkWhole('nVocab', nVocab, { min: 1, max: 2 ** 31 - 1 });
  const o = checkOptions(options, nVocab);
  const seed = o.seed ?? randomSeed();
  const random = new Uint32Array(4);
  seedRandom(random, seed);
  const history = createHistory(Math.max(o.repeatLastN, o.dryMultiplier > 0 ? o.dryLastN : 0));
  const { adjusting, narrowing, steering } = buildLinks(o, history, random, nVocab);
  const { candidates, everyToken } = steering ? newRoom(nVocab) : drawingRoom(nVocab);
  const tokenLimits = { min: 0, max: nVocab - 1 };
  const draw = (): number => {
    for (const link of narrowing) link.apply(candidates);
    return pickRandom(candidates, random);
  };

  return {
    seed,
    parts: { options: o, candidates, adjusting, draw },
    sample(logits: Float32Array, narrow?: (candidates: Candidates) => void): number {
      load(candidates, everyToken, logits);
      for (const link of adjusting) link.apply(candidates);
      narrow?.(candidates);
      if ((narrow || adjusting.length > 0) && maxLogit(candidates) === -Infinity) throw allBanned(candidates.n, nVocab);
      if (o.temperature === 0) return pickBest(candidates);
      return draw();
    },
    accept(token: number): void {
      checkWhole('accepted token', token, tokenLimits);
      remember(history, token);
      steering?.accept(token);
      candidates.n = 0; // a second accept is of a token that was not drawn from these
    },
    reset(): void {
      seedRandom(random, seed);
      forget(history);
      candidates.n = 0;
      if (steering) steering.mu = 2 * o.mirostatTau;
    },
    save(): SamplerState {
      const tokens = Array.from({ length: history.n }, (_, i) => recent(history, history.n - 1 - i));
      return { random: [...random], recent: tokens, mirostatMu: steering?.mu ?? 0 };
    },
    restore(state: SamplerState): void {
      checkState(state, nVocab);
      random.set(state.random);
      forget(history);
      for (const token of state.recent) remember(history, token);
      candidates.n = 0;
      if (steering) steering.mu = state.mirostatMu;
    },
  };
}

/** Makes every token a candidate again, with a copy of its logit; throws if there is no distribution to sample from. */
function load(c: Candidates, everyToken: Int32Array, logits: Float32Array): void {
  const nVocab = everyToken.length;
  if (logits.length !== nVocab) throw new RangeError(`sample: got ${logits.length} logits, expected ${nVocab}`);
  c.tokens.set(everyToken);
  c.n = nVocab;
  c.sorted = false;
  c.weighed = false;
  c.logits.set(logits);
  const max = maxLogit(c);
  if (!Number.isFinite(max)) throw notFinite(logits);
}

/** @throws FormatError for logits that are no distribution. */
export function checkFiniteLogits(logits: Float32Array): void {
  for (let i = 0; i < logits.length; i++) if (!Number.isFinite(logits[i]!)) throw notFinite(logits);
}

function notFinite(logits: Float32Array): FormatError {
  const token = logits.findIndex((logit) => !Number.isFinite(logit));
  return notFiniteAt(token, logits[token]!);
}

/** The error for a logit that makes no distribution. */
export function notFiniteAt(token: number, logit: number): FormatError {
  const came = `the logit of token ${token} is ${logit}`;
  return new FormatError(`${came}, expected a finite number; damaged weights, or too large ones?`);
}

function allBanned(nLeft: number, nVocab: number): RangeError {
  const which = nLeft === nVocab ? `all ${nVocab} tokens` : `all ${nLeft} tokens that the answer may go on with`;
  return new RangeError(
    `${which} have a logit of -Infinity after logitBias and what the file suppresses; allow at least one token`,
  );
}

function checkState({ random, recent, mirostatMu }: SamplerState, nVocab: number): void {
  if (random.length !== 4 || random.every((word) => word === 0)) {
    throw new RangeError(`random state is [${random.join(', ')}], expected four words that are not all 0`);
  }
  for (const word of random) checkWhole('random state word', word, { min: 0, max: 2 ** 32 - 1 });
  for (const token of recent) checkWhole('recent token', token, { min: 0, max: nVocab - 1 });
  checkNumber('mirostatMu', mirostatMu, { min: -1e9, max: 1e9 });
}
