/** Sizes as they are written on a command line. */
import { UsageError } from './command.ts';

/** `48M`, `2G`, `500000`; powers of 1024. @param option for the message */
export function parseSize(option: string, text: string): number {
  const found = /^(?<n>\d+(\.\d+)?)(?<unit>[KMG]?)$/i.exec(text)?.groups;
  const bytes = Math.floor(Number(found?.n) * 1024 ** ' KMG'.indexOf(found?.unit?.toUpperCase() || ' '));
  if (found && bytes > 0) return bytes;
  throw new UsageError(`--${option} is ${JSON.stringify(text)}, expected a size such as 48M, 2G or 50000000`);
}
