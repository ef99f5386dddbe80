/** Commands that write files. */
import { existsSync, realpathSync } from 'node:fs';
import type { GgufFile } from '../../src/gguf.ts';
import { UsageError, type OptionTable } from './command.ts';

export const forceOption = {
  force: { help: 'replace what is there already' },
} as const satisfies OptionTable;

/** A model that is read while its file is written would be lost, whatever --force says. */
export function refuseSame(file: GgufFile, out: string): void {
  const isSame = existsSync(out) && file.sources.some(({ name }) => realpathSync(name) === realpathSync(out));
  if (isSame) throw new UsageError(`${out} is the model itself; choose another name`);
}
