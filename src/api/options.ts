import { checkNames, kindOf, nearest, plain } from '../base/checks.ts';
import type { ConversationPrompt, TextPrompt } from '../protocol/open.ts';
import type {
  CallOptions,
  ChatOptions,
  EmbedOptions,
  OpenModelOptions,
  ResumeCallOptions,
  ScoreOptions,
  SendOptions,
} from './option_types.ts';

/** What an option holds, as far as the caller's thread checks it; the engine checks the rest. */
type Kind = 'any' | 'signal' | 'function';

type Names<Options> = Readonly<Record<keyof Options, Kind>>;

const openModel: Names<OpenModelOptions> = {
  nCtx: 'any',
  kvType: 'any',
  activations: 'any',
  backend: 'any',
  threads: 'any',
  build: 'any',
  maxSessions: 'any',
  maxLogits: 'any',
  draft: 'any',
  onProgress: 'function',
  onDownload: 'function',
  signal: 'signal',
};

const resume: Names<ResumeCallOptions> = {
  maxTokens: 'any',
  stop: 'any',
  onFull: 'any',
  onLoop: 'any',
  ignoreEos: 'any',
  logProbs: 'any',
  speculate: 'any',
  nDraft: 'any',
  signal: 'signal',
  onPrefill: 'function',
};

const generate: Names<CallOptions> = {
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
  dryBreakers: 'any',
  xtcProbability: 'any',
  xtcThreshold: 'any',
  dynamicTemperatureRange: 'any',
  dynamicTemperatureExponent: 'any',
  mirostatTau: 'any',
  mirostatEta: 'any',
  logitBias: 'any',
  ...resume,
};

const send: Names<SendOptions> = { ...generate, templateVars: 'any' };

const conversation: Names<ConversationPrompt> = {
  messages: 'any',
  tools: 'any',
  documents: 'any',
  templateVars: 'any',
  userDefined: 'any',
};

const chat: Names<ChatOptions> = { system: 'any', ...conversation, ...generate };

const score: Names<ScoreOptions & { continuations: unknown }> = {
  firstRow: 'any',
  continuations: 'any',
  signal: 'signal',
};

const embed: Names<EmbedOptions> = { normalize: 'any', dimensions: 'any', truncate: 'any', signal: 'signal' };

const text: Names<TextPrompt> = { text: 'any', special: 'any', bos: 'any', eos: 'any', userDefined: 'any' };

/** The options of every call that takes some. Where a name is looked for, the first rows win. */
const optionsOf = {
  openModel,
  chat,
  generate,
  send,
  resume,
  openSession: {},
  tokenize: {},
  'a prompt of text': text,
  'a prompt of messages': conversation,
  detokenize: { special: 'any' },
  logits: { signal: 'signal' },
  score,
  embed,
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
};

/** @throws TypeError for options that are no object, that nobody reads, or that hold something else than a signal or a function. */
export function checkOptions(call: CallWithOptions, options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new TypeError(`the options of ${call} are ${kindOf(options)}, expected an object`);
  if (options instanceof AbortSignal)
    throw new TypeError(`${call} takes options: write { signal } for the AbortSignal`);
  const kinds: Readonly<Record<string, Kind>> = optionsOf[call];
  const what = call.startsWith('a ') ? `part of ${call}` : `option of ${call}`;
  checkNames(what, options, Object.keys(kinds), (name) => hint(name, call));
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null) continue;
    if (kinds[name] === 'function' && typeof value !== 'function')
      throw new TypeError(`${name} is ${kindOf(value)}, expected a function`);
    if (kinds[name] === 'signal' && !(value instanceof AbortSignal))
      throw new TypeError(`${name} is ${kindOf(value)}, expected the signal of an AbortController`);
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
