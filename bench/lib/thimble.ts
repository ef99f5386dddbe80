/** Measures thimble once, in a process of its own: `node thimble.js '{"model", "phases", "options"}'` prints one line of JSON. */
import type { openModel as OpenModel } from 'thimble';
import type { OpenOptions } from '../../src/protocol/open.ts';
import { measureThimble, type Phase } from '../measure/phases.ts';
import { bytesFromStorage } from './storage.ts';

export interface ThimbleJob {
  readonly model: string;
  readonly phases: readonly Phase[];
  readonly options: OpenOptions;
}

const { model, phases, options } = JSON.parse(process.argv[2]!) as ThimbleJob;
const library = new URL('../../dist/node/index.js', import.meta.url);
const { openModel } = (await import(library.href)) as { openModel: typeof OpenModel };
let before = 0;
const onPast = (): void => void (before = bytesFromStorage());
const measured = await measureThimble(openModel, model, phases, { open: options, onPast });
const storedMb = (bytesFromStorage() - before) / 1e6;
const rssMb = process.resourceUsage().maxRSS / 1024;
console.log(JSON.stringify({ ...measured, rssMb, storedMb, engine: `${measured.engine}, Node ${process.version}` }));
