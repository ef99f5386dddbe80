import type { openModel as OpenModel, OpenModelOptions } from 'thimble';
import { measureThimble, type Source, type ThimbleMeasured } from './phases.ts';
import type { Plan } from './plan.ts';
import type { ModelLine } from './result.ts';
import { median, spread } from './stats.ts';

export interface ModelOptions {
  /** The library as it ships, which measures whole models. */
  readonly openModel: typeof OpenModel;
  /** Asked for when a model is measured. */
  readonly source: () => Promise<Source>;
  readonly onProgress?: (doneShare: number) => void;
}

/** A whole model, opened with these options. */
export async function measureModel(
  open: OpenModelOptions,
  { phases, modelRounds: rounds }: Pick<Plan, 'phases' | 'modelRounds'>,
  { openModel, source, onProgress }: ModelOptions,
): Promise<{ readonly line: ModelLine; readonly measured: ThimbleMeasured }> {
  const measured = await measureThimble(openModel, await source(), phases, {
    ...{ open, rounds, onPhase: onProgress },
  });
  const { model, weightBytes, loadMs, ttftMs, samples, threads } = measured;
  const lines = Object.entries(samples).map(([name, tps]) => ({ name, tps: median(tps), spread: spread(tps) }));
  return { line: { model, weightBytes, threads, loadMs, ttftMs, phases: lines }, measured };
}
