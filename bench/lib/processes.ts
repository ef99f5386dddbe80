import { readdirSync } from 'node:fs';
import { readText } from './machine.ts';

/** CPU time from /proc, in hundredths of a second. Without /proc nothing is known, and nobody waits. */
const TICKS_PER_SECOND = 100;

/** Time of all cores that was not idle. */
function busyTicks(): number {
  const [user, nice, system, , , irq, softIrq] = numbers(/^cpu\s+(.*)$/m.exec(readText('/proc/stat'))?.[1]);
  return [user, nice, system, irq, softIrq].reduce<number>((sum, n) => sum + (n ?? 0), 0);
}

const numbers = (text = ''): number[] => text.trim().split(/\s+/).map(Number);

/** User and system time of one process, fields 14 and 15 of its stat; the name before may hold spaces. */
function processTicks(pid: number | 'self'): number {
  const fields = readText(`/proc/${pid}/stat`)
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

/** A process and all that it started, with children's children. */
export function processTree(root: number): number[] {
  const found = [root];
  for (let i = 0; i < found.length; i++) {
    for (const thread of threadsOf(found[i]!)) {
      const children = readText(`/proc/${found[i]}/task/${thread}/children`);
      found.push(...numbers(children).filter((pid) => pid > 0));
    }
  }
  return found;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it has ended
  }
}

/** Ends a process that this one started, and all that it started. */
export function endTree(root: number): void {
  for (const pid of processTree(root).reverse()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended
    }
  }
}

/** Highest resident memory of a process so far. */
export const peakMb = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the machine has idled for most of a second, at most `maxMs`; whether it did. */
export async function awaitQuiet(maxMs: number): Promise<boolean> {
  const endMs = performance.now() + maxMs;
  while (performance.now() < endMs) {
    const before = busyTicks() - processTicks('self');
    await sleep(700);
    if (busyTicks() - processTicks('self') - before < 0.1 * TICKS_PER_SECOND) return true;
  }
  return false;
}

/** Watches how many cores are busy with anything but one process tree and this process. */
export class Watch {
  private readonly startMs = performance.now();
  private readonly startTicks = busyTicks();
  private readonly startOwn = processTicks('self');
  /** Ticks last seen, by process id: processes that have ended still count. */
  private readonly seen = new Map<number, number>();
  private readonly timer: NodeJS.Timeout;
  private peak = 0;

  constructor(pid: number) {
    const look = (): void => {
      for (const each of processTree(pid)) {
        const ticks = processTicks(each);
        if (ticks > 0) this.seen.set(each, ticks);
        if (each !== pid) this.peak = Math.max(this.peak, peakMb(each));
      }
    };
    look();
    this.timer = setInterval(look, 200);
  }

  /** Cores used by others on average, and the highest memory of a single process below the one watched. */
  stop(): { otherCpu: number; childPeakMb: number } {
    clearInterval(this.timer);
    const own = [...this.seen.values()].reduce((sum, n) => sum + n, 0) + processTicks('self') - this.startOwn;
    const seconds = (performance.now() - this.startMs) / 1000;
    const otherCpu = Math.max(0, busyTicks() - this.startTicks - own) / TICKS_PER_SECOND / seconds;
    return { otherCpu, childPeakMb: this.peak };
  }
}
