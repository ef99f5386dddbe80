/** Commands that write files. */
import type { OptionTable } from './command.ts';

export const forceOption = {
  force: { help: 'replace what is there already' },
} as const satisfies OptionTable;
