import { runFit, type FitModelFile, type FitRuns } from './fit_run.ts';

const opened = (at: readonly string[]): Promise<File[]> =>
  Promise.all(at.map(async (each) => new File([await (await fetch(each)).blob()], each.split('/').at(-1)!)));

/** `runFit` inside a page. */
export async function fitInPage(models: readonly FitModelFile[], threads: number | null): Promise<FitRuns> {
  const library = new URL('/dist/web/index.js', location.href).href;
  return runFit((await import(library)) as typeof import('../../src/index.ts'), models, opened, threads ?? undefined);
}
