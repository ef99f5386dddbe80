import { spawnSync } from 'node:child_process';
import { open, stat } from 'node:fs/promises';
import { readText } from './machine.ts';

const PIECE_BYTES = 2 << 20;

/** Bytes a second of pieces all over the file, four at a time: as they come while a model runs. */
export async function readingRate(path: string): Promise<number> {
  const { size } = await stat(path);
  const file = await open(path);
  const n = Math.min(256, Math.floor(size / PIECE_BYTES));
  const startMs = performance.now();
  let next = 0;
  const reader = async (): Promise<void> => {
    const into = new Uint8Array(PIECE_BYTES);
    for (let i = next++; i < n; i = next++) await file.read(into, 0, PIECE_BYTES, ((i * 7919) % n) * PIECE_BYTES);
  };
  await Promise.all([reader(), reader(), reader(), reader()]);
  await file.close();
  return (n * PIECE_BYTES) / ((performance.now() - startMs) / 1000);
}

/** Has the system forget what it has read of a file. @throws Error where that is not possible */
export function forgetFile(path: string): void {
  const { status, stderr } = spawnSync('dd', [`if=${path}`, 'of=/dev/null', 'iflag=nocache', 'count=0'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`what was read of ${path} stays in memory: ${stderr || 'there is no dd'}`);
}

/** Bytes that this process has read from storage so far, faults of mapped files included; NaN where the system does not tell. */
export const bytesFromStorage = (): number => Number(/^read_bytes: (\d+)/m.exec(readText('/proc/self/io'))?.[1] ?? NaN);
