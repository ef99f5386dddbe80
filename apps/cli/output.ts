/** Commands that write files. */
import { existsSync, realpathSync } from 'node:fs';
import type { GgufFile } from '../../src/gguf.ts';
import { UsageError, type OptionTable } from './command.ts';

export const forceOption = {
  force: { help: 'replace what is there already' },
} as const satisfies OptionTable;

/** What is read while its file is written would be lost, whatever --force says: the model, and other files that a command reads. */
export function refuseSame(file: GgufFile, out: string, ...others: readonly (string | undefined)[]): void {
  if (out === '') throw new UsageError('the name of the file to write is empty; give one');
  if (!existsSync(out)) return;
  const isOut = (path: string | undefined): boolean =>
    path !== undefined && existsSync(path) && realpathSync(path) === realpathSync(out);
  if (file.sources.some(({ name }) => isOut(name)))
    throw new UsageError(`${out} is the model itself; choose another name`);
  if (others.some(isOut)) throw new UsageError(`${out} is read here, too; choose another name`);
}
