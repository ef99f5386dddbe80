/** Who watches a model being fetched: `create({ monitor })`. */

/** Progress is told in so many steps, as the specification has it: finer ones would tell what else a browser has in its cache. */
const nSteps = 0x10000;

/** `downloadprogress` events, with `loaded` from 0 to 1. */
export class CreateMonitor extends EventTarget {
  ondownloadprogress: ((this: CreateMonitor, event: ProgressEvent) => unknown) | null = null;
}

interface Progress {
  readonly loaded: number;
  readonly total: 1;
  readonly lengthComputable: true;
}

/** Node has no ProgressEvent. */
function progressEvent(progress: Progress): ProgressEvent {
  if (typeof ProgressEvent === 'function') return new ProgressEvent('downloadprogress', progress);
  return Object.assign(new Event('downloadprogress'), progress) as unknown as ProgressEvent;
}

/** Tells how far a model has come, in steps that only grow. @throws what the caller's function throws. */
export function watched(watch: ((monitor: CreateMonitor) => void) | undefined): (fraction: number) => void {
  if (watch === undefined || watch === null) return () => undefined;
  if (typeof watch !== 'function') throw new TypeError(`monitor is ${typeof watch}, expected a function`);
  const monitor = new CreateMonitor();
  watch(monitor);
  let last = -1;
  return (fraction) => {
    const loaded = Math.floor(Math.min(1, Math.max(0, fraction)) * nSteps) / nSteps;
    if (loaded <= last) return;
    last = loaded;
    const event = progressEvent({ loaded, total: 1, lengthComputable: true });
    monitor.ondownloadprogress?.call(monitor, event);
    monitor.dispatchEvent(event);
  };
}
