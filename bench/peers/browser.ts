/** Measures an engine inside a page, in a process of its own: `node browser.js '{"engine", "model", …}'`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measured, Phase } from '../measure/phases.ts';
import { openPage } from './chromium.ts';
import { peerVersion } from './install.ts';
import type { Words } from './vocab.ts';

/** What an engine in a page is asked for. */
export interface PageJob {
  readonly threads: number;
  readonly words: Words;
  readonly gpu: boolean;
}

export interface BrowserJob {
  readonly engine: 'thimble' | 'wllama';
  readonly dir: string;
  readonly chromium: string;
  readonly model: string;
  readonly threads: number;
  readonly phases: readonly Phase[];
  readonly words: Words;
  /** The engine computes on WebGPU. */
  readonly gpu?: boolean;
  /** What the browser finds in its environment beside the usual. */
  readonly env?: Readonly<Record<string, string>>;
}

const job = JSON.parse(process.argv[2]!) as BrowserJob;
const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const page = await openPage({
  ...job,
  mounts: { bench: folder('.'), dist: folder('../../dist'), wllama: join(job.dir, 'node_modules/@wllama/wllama/esm') },
});
try {
  await page.setFiles(shards(job.model));
  const measured = await page.call<Measured>(`/bench/${job.engine}_page.js`, 'measure', job.phases, {
    threads: job.threads,
    words: job.words,
    gpu: job.gpu === true,
  } satisfies PageJob);
  const name = job.engine === 'wllama' ? `wllama ${peerVersion(job.dir, '@wllama/wllama')}` : measured.engine;
  console.log(JSON.stringify({ ...measured, engine: `${name}, Chromium ${page.version}` } satisfies Measured));
} finally {
  await page.close();
}
process.exit(0);

/** All files of a model whose first shard is given: `…-00001-of-00002.gguf`. */
function shards(first: string): string[] {
  const [, stem, total] = /^(.*)-00001-of-(\d{5})\.gguf$/.exec(first) ?? [];
  if (stem === undefined) return [first];
  const names = Array.from(
    { length: Number(total) },
    (_, i) => `${stem}-${String(i + 1).padStart(5, '0')}-of-${total}.gguf`,
  );
  return names.filter((name) => existsSync(name));
}
