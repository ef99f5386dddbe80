import { sum } from '../base/numbers.ts';
import { SPEED_VERSION, type DeviceSpeed, type Fit, type FitOptions } from '../protocol/fit.ts';
import { quantByName } from '../quants/index.ts';
import type { QuantType } from '../quants/quant_type.ts';
import type { HeaderPlanner } from './memory_needed.ts';
import { stepCosts } from './step_costs.ts';

/** A short conversation. */
const POSITION = 64;

/** Types that a probe does not measure take so many times the time of another one, for each weight. */
const likes: Readonly<Record<string, { readonly type: string; readonly times: number }>> = {
  f32: { type: 'f16', times: 2 },
  bf16: { type: 'f16', times: 1 },
  q5_0: { type: 'q8_0', times: 1 },
  q5_1: { type: 'q8_0', times: 1 },
  q5_k: { type: 'q6_k', times: 1 },
};

/** What is left: many small types, all unpacked by table or by shifts. */
const usual = { type: 'q4_k', times: 1.2 };

/** The decode speed that a device's own measurements predict; undefined where they were made otherwise than the model would run. */
export function decodeSpeed(planner: HeaderPlanner, options: FitOptions, speed: DeviceSpeed): Fit['tokensPerSecond'] {
  const isOther = speed.version !== SPEED_VERSION || speed.threads !== (options.threads ?? planner.usualThreads);
  if (isOther || options.activations === 'fast' || planner.makes !== 'text') return undefined;
  const { build: _, ...planned } = options;
  const nCtx = Math.max(2 * POSITION, options.nCtx ?? 0);
  const plan = planner.planStep({ ...planned, nCtx });
  const costs = stepCosts(plan, { tokens: Int32Array.of(0), pos: POSITION, nLogits: 1 });
  const { phaseSeconds, rowBytesPerSecond, attentionFlopsPerSecond, tokenSeconds, pieceSeconds } = speed.step;
  const seconds =
    sum(costs.matVecs.map((each) => matVecSeconds(each, speed))) +
    costs.nPhases * phaseSeconds +
    costs.rowBytes / rowBytesPerSecond +
    costs.attentionFlops / attentionFlopsPerSecond +
    tokenSeconds +
    planner.bound.config.nVocab * pieceSeconds;
  return { decode: 1 / seconds, from: 'probe' };
}

interface MatVec {
  readonly type: string;
  readonly bytes: number;
  readonly rows: number;
}

function matVecSeconds({ type, bytes, rows }: MatVec, { matVec }: DeviceSpeed): number {
  const { type: measured, times } = type in matVec ? { type, times: 1 } : (likes[type] ?? usual);
  const { bytesPerSecond, rowSeconds } = matVec[measured]!;
  const asMeasured = (bytes / bytesOf(type)) * bytesOf(measured);
  return times * (asMeasured / bytesPerSecond + rows * rowSeconds);
}

const bytesOf = (type: string): number => {
  const { blockBytes, blockSize } = quantByName.get(type) as QuantType;
  return blockBytes / blockSize;
};
