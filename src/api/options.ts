import { checkNames, kindOf, nearest, plain, tagOf } from '../base/checks.ts';
import type { ConstraintOptions, ToolOptions } from '../protocol/generation.ts';
import type { ConversationPrompt, TextPrompt } from '../protocol/open.ts';
import type {
  CallOptions,
  ChatOptions,
  EmbedOptions,
  OpenModelOptions,
  RankOptions,
  ResumeCallOptions,
  ScoreOptions,
  SendOptions,
} from './option_types.ts';

/** What an option holds, as far as the caller's thread checks it; the engine checks the rest. */
type Kind = keyof typeof kinds;

const kinds = {
  any: { is: () => true, wanted: 'anything' },
  signal: { is: (value: unknown) => tagOf(value) === 'AbortSignal', wanted: 'the signal of an AbortController' },
  function: { is: (value: unknown) => typeof value === 'function', wanted: 'a function' },
  boolean: { is: (value: unknown) => typeof value === 'boolean', wanted: 'true or false' },
  gpu: {
    is: (value: unknown) => typeof (value as { requestAdapter?: unknown } | null)?.requestAdapter === 'function',
    wanted: 'a GPU object: navigator.gpu, or create([]) of the npm package webgpu',
  },
  list: { is: (value: unknown) => Array.isArray(value), wanted: 'a list' },
  text: { is: (value: unknown) => typeof value === 'string', wanted: 'a text' },
} as const;

type Names<Options> = Readonly<Record<keyof Options, Kind>>;

const openModel: Names<OpenModelOptions> = {
  nCtx: 'any',
  kvType: 'any',
  activations: 'any',
  backend: 'any',
  gpu: 'gpu',
  gpuBytes: 'any',
  memory: 'any',
  preferCached: 'any',
  threads: 'any',
  build: 'any',
  maxSessions: 'any',
  maxLogits: 'any',
  chatTemplate: 'text',
  draft: 'any',
  adapters: 'list',
  onProgress: 'function',
  onDownload: 'function',
  signal: 'signal',
};

const resuming: Names<Omit<ResumeCallOptions, 'thinking' | 'whole'>> = {
  maxTokens: 'any',
  stop: 'any',
  onLoop: 'any',
  ignoreEos: 'boolean',
  logProbs: 'any',
  speculate: 'any',
  nDraft: 'any',
  signal: 'signal',
  onPrefill: 'function',
  onLogProbs: 'function',
  onSave: 'function',
};

const answering: Names<Omit<CallOptions, 'thinking' | keyof ConstraintOptions | keyof ToolOptions>> = {
  temperature: 'any',
  topK: 'any',
  topP: 'any',
  minP: 'any',
  typicalP: 'any',
  seed: 'any',
  repeatPenalty: 'any',
  presencePenalty: 'any',
  frequencyPenalty: 'any',
  repeatLastN: 'any',
  dryMultiplier: 'any',
  dryBase: 'any',
  dryAllowedLength: 'any',
  dryLastN: 'any',
  dryBreakers: 'list',
  xtcProbability: 'any',
  xtcThreshold: 'any',
  dynamicTemperatureRange: 'any',
  dynamicTemperatureExponent: 'any',
  mirostatTau: 'any',
  mirostatEta: 'any',
  logitBias: 'list',
  ...resuming,
  onFull: 'any',
};

const resume: Names<ResumeCallOptions> = { ...resuming, whole: 'boolean', thinking: 'any' };
const generate: Names<CallOptions> = {
  ...answering,
  toolChoice: 'any',
  parallelToolCalls: 'boolean',
  thinking: 'any',
  schema: 'any',
  grammar: 'text',
  regexp: 'text',
};
const send: Names<SendOptions> = { ...generate, templateVars: 'any', tools: 'any', maxRounds: 'any' };

const conversation: Names<ConversationPrompt> = {
  messages: 'any',
  tools: 'any',
  documents: 'list',
  templateVars: 'any',
  userDefined: 'boolean',
};

const chat: Names<ChatOptions> = { system: 'any', ...conversation, ...answering, maxRounds: 'any' };

const score: Names<ScoreOptions & { continuations: unknown }> = {
  firstRow: 'any',
  continuations: 'list',
  signal: 'signal',
};

const text: Names<TextPrompt> = {
  text: 'any',
  special: 'boolean',
  bos: 'boolean',
  eos: 'boolean',
  userDefined: 'boolean',
};
const rank: Names<RankOptions> = { top: 'any', truncate: 'boolean', onProgress: 'function', signal: 'signal' };

const embed: Names<EmbedOptions> = {
  normalize: 'boolean',
  dimensions: 'any',
  task: 'any',
  pooling: 'any',
  truncate: 'boolean',
  onProgress: 'function',
  signal: 'signal',
};

/** The options of every call that takes some. Where a name is looked for, the first rows win. */
const optionsOf = {
  openModel,
  chat,
  generate,
  send,
  resume,
  'chat.resume': { ...resuming, thinking: 'any', tools: 'any', maxRounds: 'any' },
  save: { state: 'any' },
  openSession: {},
  tokenize: {},
  'a prompt of text': text,
  'a prompt of messages': conversation,
  detokenize: { special: 'boolean' },
  logits: { signal: 'signal' },
  score,
  columnSums: { onTokens: 'function', signal: 'signal' },
  embed,
  rank,
  openTokenizer: { signal: 'signal' },
} as const satisfies Record<string, Readonly<Record<string, Kind>>>;

export type CallWithOptions = keyof typeof optionsOf;

/** What other libraries call them. */
const otherNames: Readonly<Record<string, string>> = {
  contextsize: 'nCtx',
  contextlength: 'nCtx',
  numctx: 'nCtx',
  numthreads: 'threads',
  nthreads: 'threads',
  maxnewtokens: 'maxTokens',
  maxoutputtokens: 'maxTokens',
  maxcompletiontokens: 'maxTokens',
  numpredict: 'maxTokens',
  npredict: 'maxTokens',
  temp: 'temperature',
  repetitionpenalty: 'repeatPenalty',
  stopsequences: 'stop',
  stopstrings: 'stop',
  customstoptriggers: 'stop',
  logprobs: 'logProbs',
  abortsignal: 'signal',
  systemprompt: 'system',
  jsonschema: 'schema',
  responseformat: 'schema',
};

/** @throws TypeError for options that are no object, that nobody reads, or that are of another kind. */
export function checkOptions(call: CallWithOptions, options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`the options of ${call} are ${kindOf(options)}, expected an object`);
  if (tagOf(options) === 'AbortSignal')
    throw new TypeError(`${call} takes options: write { signal } for the AbortSignal`);
  const names: Readonly<Record<string, Kind>> = optionsOf[call];
  const what = call.startsWith('a ') ? `part of ${call}` : `option of ${call}`;
  checkNames(what, options, Object.keys(names), (name) => hint(name, call));
  for (const [name, value] of Object.entries(options)) {
    const { is, wanted } = kinds[names[name]!];
    if (value === undefined || value === null || is(value)) continue;
    throw new TypeError(`${name} is ${kindOf(value)}, expected ${wanted}`);
  }
}

/** What an unknown name may be meant for: an option of this call, or of another one. */
function hint(name: string, call: CallWithOptions): string | undefined {
  const other = otherNames[plain(name)];
  const own = Object.keys(optionsOf[call]);
  const known = other !== undefined && own.includes(other) ? other : nearest(name, own);
  if (known !== undefined) return `is it ${known}?`;
  const wanted = plain(other ?? name);
  for (const [place, names] of Object.entries(optionsOf)) {
    const found = Object.keys(names).find((each) => plain(each) === wanted);
    if (found !== undefined)
      return found === name ? `it belongs to ${place}` : `is it ${found}, which belongs to ${place}?`;
  }
  return undefined;
}
