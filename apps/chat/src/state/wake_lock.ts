/** Keeps the screen on while an answer is made: a phone that sleeps stops the engine. */
import { keepsAwake } from './settings.ts';

let lock: WakeLockSentinel | undefined;
let isWanted = false;

export async function stayAwake(): Promise<void> {
  isWanted = keepsAwake.value;
  if (!isWanted || lock || !('wakeLock' in navigator) || document.hidden) return;
  try {
    const taken = await navigator.wakeLock.request('screen');
    if (!isWanted) return void taken.release();
    lock = taken;
    taken.addEventListener('release', () => (lock = undefined));
  } catch {
    // The battery is low, or the page is hidden: the answer goes on as long as the screen does.
  }
}

export function maySleep(): void {
  isWanted = false;
  void lock?.release();
  lock = undefined;
}

/** The browser takes the lock away from a hidden page. */
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && isWanted) void stayAwake();
});
