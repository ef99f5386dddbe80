import { bias } from '../logit_bias.ts';
import {
  boolean,
  list,
  object,
  oneOf,
  refused,
  stops,
  text,
  unseen,
  unsupported,
  whole,
  type Check,
} from '../parameters.ts';
import { localSampling, mirostat, rareSampling } from '../sampling_parameters.ts';
import { messages, responseFormat, schema, toolChoice, tools } from './messages.ts';

const maxTokens = { check: whole(1) } as const;

/** Texts by name. */
const texts: Check<Readonly<Record<string, string>>> = (value, name) =>
  Object.fromEntries(Object.entries(object(value, name)).map(([key, each]) => [key, text(each, `${name}.${key}`)]));

/** Fields that OpenAI's servers keep or bill by: nothing of an answer depends on them. */
export const bookkeeping = {
  user: unseen,
  metadata: { check: texts },
  safety_identifier: unseen,
  prompt_cache_key: unseen,
  prompt_cache_retention: unseen,
  service_tier: unseen,
} as const;

/** How much a model thinks, as templates know it. */
export const effort = { check: oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh') } as const;

/** What llama-server and others take beside OpenAI's own parameters. */
const extensions = {
  ...localSampling,
  ...rareSampling,
  ...mirostat,
  n_predict: maxTokens,
  ignore_eos: { check: boolean, sets: 'ignoreEos' },
  grammar: { check: text, sets: 'grammar' },
  json_schema: { check: schema },
  chat_template_kwargs: { check: object },
  cache_prompt: unseen, // a prompt is always compared with what was read before; the answer is the same
  id_slot: unseen,
  timings_per_token: unseen,
  return_progress: unseen,
  return_tokens: unseen,
  verbose: unseen,
  parse_tool_calls: unseen,
  reasoning_format: refused('thoughts are always told apart, as reasoning_content', 'auto', 'deepseek'),
} as const;

export const chatParameters = {
  ...extensions,
  ...bookkeeping,
  model: { check: text },
  messages: { check: messages },
  stream: { check: boolean },
  stream_options: { check: object },
  stop: { check: stops, sets: 'stop' },
  n: { check: whole(1, 128) },
  max_tokens: maxTokens,
  max_completion_tokens: maxTokens,
  logprobs: { check: boolean },
  top_logprobs: { check: whole(0, 20) },
  logit_bias: { check: bias },
  response_format: { check: responseFormat },
  tools: { check: tools },
  tool_choice: { check: toolChoice },
  parallel_tool_calls: { check: boolean, sets: 'parallelToolCalls' },
  reasoning_effort: effort,
  store: unseen, // nothing is kept: there is no call that would read it
  prediction: unseen, // a hint: the answer is the same without
  verbosity: refused('models here know no such setting', 'medium'),
  modalities: { check: list(oneOf('text')) },
  audio: refused('models here make text alone'),
  functions: refused('give tools', undefined),
  function_call: refused('give tool_choice', 'none', 'auto'),
  web_search_options: unsupported('nothing is looked up on the web'), // {} asks for it, too
} as const;
