/** What the library says about its options, in the words of the command line. */
import { UsageError } from './command.ts';
import { samplingNames } from './sampling_names.ts';

/** Advice that names options, and how it is followed here. */
const phrases: readonly (readonly [said: RegExp, here: string])[] = [
  [
    /open the model with chatTemplate \(a Jinja source\), or prompt without a template/g,
    'give one with --chat-template FILE, or go on from a text without one: thimble run --raw',
  ],
  [/^chatTemplate is (.*), which is neither a Jinja source/, '--chat-template holds $1, which is no Jinja'],
  [/open the model with a larger nCtx/g, 'give a larger --ctx'],
  [/open the model with kvType '(\w+)'/g, 'give --kv $1'],
  [/open (?:the model|it) with backend: '(\w+)'/g, 'give --backend $1'],
  [/open it with memory: 'auto'/g, 'give --memory auto'],
  [/, fewer sessions \(maxSessions\)/g, ''],
  [/give memory, too, or leave it out/g, 'give --memory, too, or leave it out'],
  [/a q8_0 cache \(kvType\), fewer threads/g, '--kv q8_0, fewer --threads'],
  [/close a session, or open the model with a higher maxSessions or smaller nCtx/g, 'give a smaller --ctx'],
  [/open the model again, with a smaller nCtx/g, 'try again, with a smaller --ctx'],
  [/guess at least 1, and open the model with a larger maxLogits for more/g, 'give --n-draft a smaller number'],
  [/open the model with one, or use "lookup"/g, 'give one with --draft, or use --speculate lookup'],
  [/set truncate to true/g, 'give --truncate'],
  [/openModel\(model, \{ adapters: \[file\] \}\), or thimble run/g, 'thimble run'],
  [/use model\.rank\b/g, 'use thimble rank'],
  [/use model\.embed\b/g, 'use thimble embed'],
  [/use the (relaxed|simd) build/g, 'use --build $1'],
  [/use the wasm backend/g, 'use --backend wasm'],
  [/^maxShardBytes\b/, '--max-size'],
  [/a smaller nCtx/g, 'a smaller --ctx'],
  [/(exists already); delete it or choose another name$/, '$1; --force replaces it, or choose another name'],
];

/** Names of options in the library, and here. */
const names: ReadonlyMap<string, string> = new Map([
  ...Object.entries(samplingNames).map(([option, name]) => [name, option] as const),
  ['nCtx', 'ctx'],
  ['sha256', 'sha256'],
  ['kvType', 'kv'],
  ['threads', 'threads'],
  ['backend', 'backend'],
  ['memory', 'memory'],
  ['preferCached', 'prefer-cached'],
  ['build', 'build'],
  ['activations', 'activations'],
  ['task', 'task'],
  ['dimensions', 'dimensions'],
  ['pooling', 'pooling'],
  ['schema', 'schema'],
  ['grammar', 'grammar'],
]);

const starts = new RegExp(`^(${[...names.keys()].join('|')})(?= (is|of|token)\\b)`);
/** Inside a message only what cannot be a word of English. Not in the middle of a path. */
const inside = new RegExp(
  `(?<![\\w./"'-])(${[...names.keys()].filter((name) => /[A-Z]/.test(name)).join('|')})(?![\\w./"'-]\\w)\\b`,
  'g',
);

const option = (name: string): string => `--${names.get(name)}`;

/** A message of the library as a person at the command line can follow it. */
export function inOptionWords(message: string): string {
  const advised = phrases.reduce((text, [said, here]) => text.replace(said, here), message);
  return advised.replace(starts, option).replace(inside, option);
}

/** A message that begins with one of its options, from a caller's mistake: here the command line's. */
export function isAboutOption(error: Error): boolean {
  return (error instanceof RangeError || error instanceof TypeError) && starts.test(error.message);
}

/** Runs a check of the library: what it refuses is a wrong command line. */
export function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new UsageError(inOptionWords(error.message));
    throw error;
  }
}
