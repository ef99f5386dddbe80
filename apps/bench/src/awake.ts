/** Keeps the screen on while something is measured. The lock is lost whenever the page is hidden, and asked for again. */
export function stayAwake(signal: AbortSignal): void {
  let lock: WakeLockSentinel | undefined;
  const take = async (): Promise<void> => {
    if (document.visibilityState !== 'visible' || signal.aborted) return;
    lock = await navigator.wakeLock?.request('screen').catch(() => undefined); // a battery saver may refuse it
    if (signal.aborted) await lock?.release();
  };
  document.addEventListener('visibilitychange', () => void take(), { signal });
  signal.addEventListener('abort', () => void lock?.release(), { once: true });
  void take();
}

interface BatteryManager {
  readonly level: number;
  readonly charging: boolean;
}

/** The battery, where the browser tells of it. */
export const battery = async (): Promise<BatteryManager | undefined> =>
  (navigator as { getBattery?: () => Promise<BatteryManager> }).getBattery?.().catch(() => undefined);
