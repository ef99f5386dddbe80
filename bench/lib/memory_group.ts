import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from './machine.ts';

/**
 * Processes that may take so much memory together, what they have read of files included: pages of a file that have no room go, and are read
 * from storage again. It lies inside the group of this process.
 */
export interface MemoryGroup {
  add(pid: number): void;
  /** Whether the system has ended one of them, because it wanted more. */
  wasShort(): boolean;
  close(): void;
}

const ROOT = '/sys/fs/cgroup/memory';

/** @returns why there is none where it cannot be made. */
export function memoryGroup(limitBytes: number): MemoryGroup | string {
  const own = /^\d+:memory:(.*)$/m.exec(readText('/proc/self/cgroup'))?.[1];
  const parent = own !== undefined && existsSync(join(ROOT, own)) ? join(ROOT, own) : ROOT;
  if (!existsSync(join(parent, 'memory.limit_in_bytes'))) return `${ROOT} is not there (cgroup v1's memory controller)`;
  const folder = join(parent, `thimble-bench-${process.pid}`);
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, 'memory.limit_in_bytes'), String(limitBytes));
  } catch (error) {
    if (existsSync(folder)) rmdirSync(folder);
    return `no group can be made there: ${error instanceof Error ? error.message : String(error)}`;
  }
  return {
    add: (pid) => writeFileSync(join(folder, 'cgroup.procs'), String(pid)),
    wasShort: () => /^oom_kill [1-9]/m.test(readText(join(folder, 'memory.oom_control'))),
    close: () => rmdirSync(folder),
  };
}
