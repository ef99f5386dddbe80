import type { Battery, Sustained } from '../../../../bench/measure/result.ts';
import { battery } from '../awake.ts';
import { keep } from '../kept.ts';
import { addFailure, own, running } from '../state.ts';
import { ask, Stopped } from './ask.ts';
import { chosenModel, chosenThreads, keepFetched, findFeatures, whileRunning } from './run.ts';

/** A tab that is killed loses so many seconds of a run. */
const KEPT_SECONDS = 5;
let keptMs = 0;

function put(sustained: Sustained | undefined, isLast = false): void {
  if (!own.value) return;
  own.value = { ...own.value, result: { ...own.value.result, sustained } };
  if (!isLast && performance.now() - keptMs < 1000 * KEPT_SECONDS) return;
  keep(own.value);
  keptMs = performance.now();
}

/** Decodes for some minutes. What came until it is stopped, or fails, stays. */
export const measureMinutes = (minutes: number): Promise<void> =>
  whileRunning('sustained', async (signal) => {
    await findFeatures();
    const before = own.value?.result.sustained;
    const power = await battery();
    let run: Sustained = { model: '', threads: chosenThreads(), samples: [], hidden: [] };
    try {
      run = await sampled(run, 60 * minutes, signal, (now) => put((run = now)));
    } catch (error) {
      if (!(error instanceof Stopped)) addFailure('Sustained run', (error as Error).message);
    }
    const after = await battery();
    const isMeasured = run.samples.length > 0;
    put(isMeasured ? { ...run, battery: power && after && levels(power, after) } : before, true);
  });

type Power = Readonly<Record<'level', number> & Record<'charging', boolean>>;

const levels = (before: Power, after: Power): Battery => ({
  ...{ before: before.level, after: after.level, isCharging: before.charging || after.charging },
});

/** The run as it grows; `onSample` gets it after each sample. */
async function sampled(
  empty: Sustained,
  seconds: number,
  signal: AbortSignal,
  onSample: (run: Sustained) => void,
): Promise<Sustained> {
  const { threads } = empty;
  let run = empty;
  let startMs = performance.now();
  const show = (at: number, title: string): void => {
    running.value = { kind: 'sustained', title, doneShare: at / seconds, secondsLeft: seconds - at, isPaused: false };
  };
  show(0, 'Opening the model');
  const ended = new AbortController();
  watchHidden(
    () => (performance.now() - startMs) / 1000,
    (hidden) => (run = { ...run, hidden: [...run.hidden, hidden] }),
    ended.signal,
  );
  try {
    await ask(
      { kind: 'sustained', seconds, threads, model: chosenModel() },
      {
        signal,
        onReport(report) {
          keepFetched(report);
          if (report.kind === 'started') {
            startMs = performance.now();
            run = { ...run, model: report.model, hidden: [] };
          }
          if (report.kind !== 'sample') return;
          run = { ...run, samples: [...run.samples, [report.seconds, report.tps]] };
          onSample(run);
          show(Math.min(seconds, report.seconds), 'Decoding, one answer after the other');
        },
      },
    );
    return run;
  } finally {
    ended.abort();
  }
}

/** Tells of times in the background, in seconds, when they are over. */
function watchHidden(now: () => number, onHidden: (hidden: [number, number]) => void, signal: AbortSignal): void {
  let since: number | undefined;
  const onChange = (): void => {
    if (document.visibilityState === 'hidden') since ??= now();
    else if (since !== undefined) {
      onHidden([Math.max(0, since), Math.max(0, now())]);
      since = undefined;
    }
  };
  document.addEventListener('visibilitychange', onChange, { signal });
}
