/** Would a model run on this machine, and with how many positions? */
import { fitOfFile, warningsOf, type GgufFile } from '../../../src/gguf.ts';
import type { DeviceSpeed, Fit, FitOptions } from '../../../src/index.ts';
import { inOptionWords } from '../option_words.ts';
import { counted, formatBytes } from '../terminal.ts';
import { hasUnknownType } from './facts.ts';

export interface Fitting {
  /** Undefined where the model cannot be opened whatever the memory. */
  readonly fit: Fit | undefined;
  /** Why it fits, or does not. */
  readonly why: string;
  readonly warnings: readonly string[];
}

export async function fittingOf(file: GgufFile, options: FitOptions, speed?: DeviceSpeed): Promise<Fitting> {
  const warnings = warningsOf(file).map(inOptionWords);
  try {
    refuseUnknown(file);
    const fit = await fitOfFile(file, { ...options, maxSessions: 1 }, speed);
    const { nCtxTrain } = fit.model;
    if (fit.nCtx > nCtxTrain)
      warnings.push(`${counted(fit.nCtx)} positions are beyond the ${counted(nCtxTrain)} that it was trained on`);
    return { fit, why: fit.reason, warnings };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { fit: undefined, why: inOptionWords(error.message), warnings };
  }
}

function refuseUnknown(file: GgufFile): void {
  const unknown = [...file.tensors.values()].find(hasUnknownType);
  if (unknown)
    throw new Error(`${JSON.stringify(unknown.name)} has ggml ${unknown.quant.name}, which this build does not know`);
}

/** What would help, as it is written here: `--ctx 2048 --kv q8_0`, or another file. */
export const helpOf = ({ remedies }: Fit): string[] =>
  remedies.map(({ options: { nCtx, kvType, threads } = {}, type, text }) => {
    if (type !== undefined) return text;
    const given = { ctx: nCtx, kv: kvType, threads };
    const words = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`]));
    return words.join(' ');
  });

/** How it would run where it has less memory than it needs; empty where it would not. */
export function pagedText({ paged, needs }: Fit): string {
  if (!paged) return '';
  const { memoryBytes, bytesPerToken, tokensPerSecond, storageBytesPerSecond, countsComputing } = paged;
  const storage = `storage of ${Number((storageBytesPerSecond / 1e9).toPrecision(2))} GB/s`;
  const speed = `about ${Number(tokensPerSecond.toPrecision(2))} tokens/s on ${storage}`;
  const beside = countsComputing ? '' : ', and computing, which --speed measures';
  const read = `up to ${formatBytes(bytesPerToken)} read for each`;
  return `needs ${formatBytes(needs.totalBytes)} to be resident, would run in ${formatBytes(memoryBytes)} (--memory auto) at ${speed}: ${read}${beside}`;
}
