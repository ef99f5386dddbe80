/** Opens a model once, in a process of its own: `node opening.js '{"library", "model", "threads"}'` prints one line of JSON. */
import type { openModel as OpenModel } from '../../src/api/open_model.ts';

export interface OpeningJob {
  /** URL of the library's `index.js`. */
  readonly library: string;
  readonly model: string;
  readonly threads?: number;
}

/** Milliseconds from the call of `openModel`. */
export interface Opening {
  /** Until the first batch of weights is in place: all that a model costs however small its weights are. */
  readonly firstWeightsMs: number;
  readonly readyMs: number;
  /** Until the first token of an answer to one word. */
  readonly firstTokenMs: number;
  readonly engine: string;
}

const { library, model: source, threads } = JSON.parse(process.argv[2]!) as OpeningJob;
const { openModel } = (await import(library)) as { openModel: typeof OpenModel };
const startMs = performance.now();
const sinceStart = (): number => performance.now() - startMs;
let firstWeightsMs: number | undefined;
const model = await openModel(source, { threads, onProgress: () => (firstWeightsMs ??= sinceStart()) });
const readyMs = sinceStart();
await model.generate('Hello', { maxTokens: 1, temperature: 0 }).result;
const firstTokenMs = sinceStart();
const engine = `${model.info.backend}, ${model.info.threads} threads, Node ${process.version}`;
console.log(JSON.stringify({ firstWeightsMs, readyMs, firstTokenMs, engine }));
await model.close();
