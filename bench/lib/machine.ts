import { readFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';

/** Where a measurement was made; goes with every result. */
export interface Machine {
  readonly cpu: string;
  readonly nCores: number;
  readonly memoryGib: number;
  readonly system: string;
  /** Instructions that decide how fast integer products are; empty where the system does not tell. */
  readonly extensions: string;
}

export function describeMachine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown CPU',
    nCores: cores.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${arch()}`,
    extensions: cpuFlags()
      .filter((flag) => /^(avx2|avx_?vnni|avx512f|avx512_vnni|amx_int8|asimddp|i8mm)$/.test(flag))
      .join(' '),
  };
}

function cpuFlags(): string[] {
  const info = readText('/proc/cpuinfo');
  return /^(?:flags|Features)\s*:(.*)$/m.exec(info)?.[1]?.trim().split(' ') ?? [];
}

/** A file of the system, or nothing where there is none. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
