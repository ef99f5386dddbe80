import { openFiles } from '../platform/model_file.ts';
import { webFiles } from '../platform/web_files.ts';
import type { Fit, FitQuestion, HeaderSource } from '../protocol/fit.ts';
import { fitOf } from './fit.ts';
import { openSource } from './open_source.ts';

/** Reads a header, and nothing else; from a web server by ranges. */
export async function checkFit(source: HeaderSource, question: FitQuestion, signal: AbortSignal): Promise<Fit> {
  const isOnWeb = typeof source === 'object' && 'url' in source;
  const file = await (isOnWeb
    ? openFiles(await webFiles(new URL(source.url), { headers: source.headers ?? {}, signal }), { signal })
    : openSource(source, signal));
  try {
    return await fitOf(file, question);
  } finally {
    await Promise.all(file.sources.map((each) => each.close?.()));
  }
}
