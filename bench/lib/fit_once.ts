/** `runFit` once, in a process of its own: `node fit_once.js '{"models", "threads"}'` prints one line of JSON. */
import { runFit, type FitModelFile } from './fit_run.ts';

const { models, threads } = JSON.parse(process.argv[2]!) as { models: FitModelFile[]; threads?: number };
const library = new URL('../../dist/node/index.js', import.meta.url);
const thimble = (await import(library.href)) as typeof import('../../src/index.ts');
console.log(JSON.stringify(await runFit(thimble, models, async ([first]) => first!, threads)));
