import { readResult, resultText, type DeviceResult } from '../../../../bench/measure/result.ts';
import { resultCsv } from '../../../../bench/measure/result_csv.ts';

/** A result has 20 kB. */
const MAX_BYTES = 5_000_000;

/** @throws Error that says what is wrong with the file */
export async function readResultFile(file: File): Promise<DeviceResult> {
  if (file.size > MAX_BYTES)
    throw new Error(`${file.name} is too large to be a result; choose a JSON file that this page exported.`);
  try {
    return readResult(JSON.parse(await file.text()));
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it is no JSON' : (error as Error).message;
    throw new Error(`${file.name} is no result of this bench: ${why}. Choose a JSON file that this page exported.`);
  }
}

const formats = {
  json: { type: 'application/json', text: resultText },
  csv: { type: 'text/csv', text: resultCsv },
} as const;

/** Hands the result over as a file, `pixel-7-chromium-156.json`: what bench/results/devices keeps. */
export function downloadResult(result: DeviceResult, format: keyof typeof formats): void {
  const { type, text } = formats[format];
  const url = URL.createObjectURL(new Blob([text(result)], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${fileStem(result)}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export const fileStem = ({ device: { name, engine } }: DeviceResult): string =>
  `${name} ${engine.replace(/\..*$/, '')}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '') || 'result';
