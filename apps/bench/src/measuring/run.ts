import { planOf, stepTitle, type Plan, type Step } from '../../../../bench/measure/plan.ts';
import { VERSION, type DeviceResult } from '../../../../bench/measure/result.ts';
import { withStep } from '../../../../bench/measure/run_step.ts';
import { stayAwake } from '../awake.ts';
import { describeDevice, SWEEP_MIB } from '../device.ts';
import { keep, type Kept } from '../kept.ts';
import { addFailure, failures, features, options, own, problem, running, type Running } from '../state.ts';
import { ask, Stopped } from './ask.ts';
import type { Model, Report } from './messages.ts';
import { places } from './places.ts';

let stopping: AbortController | undefined;

/** Begins something that `stop` ends; one thing at a time. */
export async function whileRunning(kind: Running['kind'], work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  if (stopping) return;
  const controller = new AbortController();
  stopping = controller;
  problem.value = undefined;
  running.value = { kind, title: 'Getting ready', doneShare: 0, secondsLeft: undefined, isPaused: false };
  stayAwake(controller.signal);
  try {
    await work(controller.signal);
  } catch (error) {
    if (!(error instanceof Stopped)) problem.value = `Nothing can be measured: ${(error as Error).message}`;
  } finally {
    controller.abort();
    stopping = undefined;
    running.value = undefined;
  }
}

export const stop = (): void => stopping?.abort();

/** The model that comes with the page, once it is here. */
let embedded: readonly File[] | undefined;

export function chosenModel(): Model {
  const { model } = options.value;
  if (model.kind === 'files') return { files: model.files };
  if (model.kind === 'store') return { store: model.name };
  if (embedded) return { files: embedded };
  return { urls: EMBEDDED_MODEL.urls.map((url) => new URL(url, location.href).href) };
}

/** Keeps what a worker fetched for the next one. */
export function keepFetched(report: Report): void {
  if (report.kind === 'fetched') embedded = report.files;
}

/** Threads that were asked for, as far as there can be so many. */
export function chosenThreads(): number {
  const { sharedMemory, nCores } = features.value!;
  return sharedMemory ? (options.value.threads ?? Math.min(nCores, 8)) : 1;
}

/** Looks at what can be measured here, once. */
export async function findFeatures(): Promise<void> {
  ({ features: features.value } = await ask({ kind: 'features' }));
}

/** Measures everything from the start. */
export const measureAll = (): Promise<void> =>
  whileRunning('plan', async (signal) => {
    failures.value = [];
    await findFeatures();
    const result = await emptyResult();
    await measureFrom({ result, nDone: 0, nSteps: 0 }, signal);
  });

/** Goes on where a closed tab left off. */
export const measureRest = (kept: Kept): Promise<void> =>
  whileRunning('plan', async (signal) => {
    await findFeatures();
    await measureFrom(kept, signal);
  });

/** Types that a GPU could be measured with, where there is one. */
function gpuQuants(): readonly string[] | undefined {
  const { gpu } = features.value!;
  return gpu.absent === undefined ? gpu.quants : undefined;
}

const planFor = ({ plan: name, threads, sweepMib }: DeviceResult): Plan =>
  planOf({ name, threads, sweepMib, withModel: true, gpuQuants: gpuQuants() });

async function emptyResult(): Promise<DeviceResult> {
  const { build, sharedMemory, clockUs, nCores } = features.value!;
  const { plan } = options.value;
  const device = await describeDevice(nCores);
  const name = own.value?.result.device.name;
  return {
    ...{ form: 'thimble-device', version: VERSION, at: new Date().toISOString(), plan },
    device: name ? { ...device, name } : device,
    ...{ build, sharedMemory, threads: chosenThreads(), clockUs, sweepMib: SWEEP_MIB[plan] },
    ...{ ceilings: [], kernels: [], models: [], sustained: own.value?.result.sustained }, // minutes are not thrown away
  };
}

/** How long steps take, relative to each other. */
const weights = {
  ...{ limits: 1, kernel: 1.5, model: 10 },
  ...{ 'gpu limits': 3, 'gpu kernels': 6, 'gpu ops': 6, 'gpu model': 12 },
} as const;
const weightOf = (steps: readonly Step[]): number => steps.reduce((sum, { kind }) => sum + weights[kind], 0);

async function measureFrom({ result: begun, nDone }: Kept, signal: AbortSignal): Promise<void> {
  const plan = planFor(begun);
  const { steps } = plan;
  const startMs = performance.now();
  let result = begun;
  own.value = { result, nDone, nSteps: steps.length };
  for (const [i, step] of [...steps.entries()].slice(nDone)) {
    const [before, after] = [weightOf(steps.slice(0, i)), weightOf(steps.slice(i))];
    const spent = before - weightOf(steps.slice(0, nDone));
    const secondsLeft = spent < 4 ? undefined : ((performance.now() - startMs) / 1000 / spent) * after;
    const show = (part = 0, title = `${i + 1} of ${steps.length}: ${stepTitle(step)}`): void => {
      const doneShare = (before + part * weights[step.kind]) / (before + after);
      running.value = { kind: 'plan', title, doneShare, secondsLeft, isPaused: false };
    };
    show();
    try {
      const { result: found } = await askInFront(step, plan, {
        signal,
        onReport: (report) => showReport(report, show),
      });
      result = withStep({ ...result, device: own.value.result.device }, found); // it may have got a name meanwhile
    } catch (error) {
      if (error instanceof Stopped) throw error;
      addFailure(stepTitle(step), (error as Error).message);
    }
    own.value = { result, nDone: i + 1, nSteps: steps.length };
    keep(own.value);
  }
}

function showReport(report: Report, show: (part?: number, title?: string) => void): void {
  keepFetched(report);
  if (report.kind === 'fetched') show();
  if (report.kind === 'progress') show(report.doneShare);
  if (report.kind === 'download') {
    const percent = Math.round((100 * report.doneBytes) / EMBEDDED_MODEL.sizeBytes);
    show(0, `Fetching the model, ${percent} %`);
  }
}

interface AskOptions {
  readonly signal: AbortSignal;
  readonly onReport: (report: Report) => void;
}

/**
 * A page in the background is slowed down, or stands still. What is being measured then is worth nothing: the step is given up, and
 * begins again when somebody is back.
 */
async function askInFront(step: Step, plan: Plan, { signal, onReport }: AskOptions) {
  for (;;) {
    await inFront(signal);
    const hiding = new AbortController();
    const onChange = (): void => {
      if (document.visibilityState === 'hidden') hiding.abort();
    };
    document.addEventListener('visibilitychange', onChange, { signal: hiding.signal });
    signal.addEventListener('abort', () => hiding.abort(), { signal: hiding.signal });
    try {
      const job = { kind: 'step', places, step, plan, model: chosenModel() } as const;
      return await ask(job, { signal: hiding.signal, onReport });
    } catch (error) {
      if (!(error instanceof Stopped) || signal.aborted) throw error;
    } finally {
      hiding.abort();
    }
  }
}

/** Waits until the page is seen. */
async function inFront(signal: AbortSignal): Promise<void> {
  if (document.visibilityState === 'visible') return;
  if (running.value) running.value = { ...running.value, isPaused: true };
  await new Promise<void>((resolve, reject) => {
    const seen = new AbortController();
    const onChange = (): void => {
      if (document.visibilityState !== 'visible') return;
      seen.abort();
      resolve();
    };
    document.addEventListener('visibilitychange', onChange, { signal: seen.signal });
    signal.addEventListener('abort', () => reject(new Stopped()), { once: true });
  });
}
