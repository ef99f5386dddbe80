import type { ModelSource } from '../../src/platform/platform.ts';

type Thimble = typeof import('../../src/index.ts');

export interface FitModelFile {
  readonly name: string;
  /** Paths of all shards in Node, addresses in a page. */
  readonly at: readonly string[];
}

/** What was predicted of a model, and then measured. */
export interface FitRun {
  readonly name: string;
  readonly verdict: string;
  readonly predicted: number;
  /** Tokens per second of each answer. */
  readonly decode: readonly number[];
}

export interface FitRuns {
  readonly build: string;
  readonly threads: number;
  readonly probeMs: number;
  readonly runs: readonly FitRun[];
}

/** Answers that are measured; one more comes before. */
const N_ANSWERS = 3;

/** Probes the device, predicts every model's speed from its header, and measures it. Runs in Node and in a page. */
export async function runFit(
  { checkFit, openModel, probeDevice }: Thimble,
  models: readonly FitModelFile[],
  open: (at: readonly string[]) => Promise<ModelSource>,
  threads: number | undefined,
): Promise<FitRuns> {
  const chosen = threads === undefined ? {} : { threads };
  const runs: FitRun[] = [];
  let speed = await probeDevice(chosen);
  const { build, threads: nThreads, tookMs: probeMs } = speed;
  for (const [i, { name, at }] of models.entries()) {
    if (i > 0) speed = await probeDevice(chosen); // on a machine with neighbours: a prediction is as good as the minute it is from
    const source = await open(at);
    const options = { nCtx: 512, maxSessions: 1, ...chosen };
    const fit = await checkFit(source, { ...options, speed });
    const model = await openModel(source, options);
    const decode: number[] = [];
    for (let n = 0; n <= N_ANSWERS; n++) {
      const answer = await model.generate('Once upon a time', {
        maxTokens: 48,
        ignoreEos: true,
        onLoop: 'ignore',
        seed: 1,
      });
      if (n > 0) decode.push(answer.timings.decodeTps);
    }
    await model.close();
    runs.push({ name, verdict: fit.verdict, predicted: fit.tokensPerSecond?.decode ?? NaN, decode });
  }
  return { build, threads: nThreads, probeMs, runs };
}
