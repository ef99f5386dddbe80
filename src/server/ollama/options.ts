/** Ollama's `options`, and what its requests have in common. */
import type { GenerateResult, StopReason } from '../../protocol/generation.ts';
import { HttpError } from '../http_error.ts';
import {
  boolean,
  number,
  object,
  readParameters,
  stops,
  text,
  unseen,
  whole,
  wrong,
  type Check,
} from '../parameters.ts';
import { localSampling, mirostat, mirostatOf } from '../sampling_parameters.ts';
import type { ServedModel, ServedOptions } from '../served.ts';
import { schema } from '../openai/messages.ts';

/** How a model is loaded there. Here it is so already, and answers do not depend on it. */
const loading = {
  ...{ num_batch: unseen, num_gpu: unseen, main_gpu: unseen, num_thread: unseen, numa: unseen },
  ...{ use_mmap: unseen, use_mlock: unseen, low_vram: unseen, f16_kv: unseen, vocab_only: unseen, num_keep: unseen },
} as const;

const optionTable = {
  ...localSampling,
  ...mirostat,
  ...loading,
  num_predict: { check: whole(-2) },
  num_ctx: { check: whole(1) },
  stop: { check: stops, sets: 'stop' },
  tfs_z: { check: number({ min: 0 }) },
} as const;

/** Options of an answer; what Ollama does not know either is passed over, as there. @throws HttpError */
export function optionsOf(given: Readonly<Record<string, unknown>> | undefined, { info }: ServedModel): ServedOptions {
  const { options, given: named } = readParameters(given ?? {}, optionTable, 'ignore');
  const { num_predict = -1, num_ctx = 0, tfs_z = 1 } = named;
  if (num_ctx > info.nCtx)
    throw new HttpError(
      400,
      `num_ctx is ${num_ctx}, the model is served with ${info.nCtx}; serve it with a larger context, or ask for less`,
    );
  if (tfs_z !== 1) throw new HttpError(400, `tfs_z is ${tfs_z}, and there is no tail-free sampling here`);
  return { ...options, ...mirostatOf(named), ...(num_predict > 0 && { maxTokens: num_predict }) };
}

/** `json`, or a schema; an empty text is no format. */
export const format: Check<object | boolean | undefined> = (value, name) => {
  if (value === '') return undefined;
  if (value === 'json') return { type: 'object' };
  if (typeof value === 'string') throw wrong(name, value, '"json" or a JSON schema');
  return schema(value, name);
};

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `5m`, `1h30m`, or of a number of seconds; less than nothing is for ever. */
export const keepAlive: Check<number> = (value, name) => {
  const bad = () => wrong(name, value, 'seconds, or a time such as "5m"');
  if (typeof value === 'number' || (typeof value === 'string' && /^-?\d+$/.test(value))) {
    const seconds = Number(value);
    return seconds < 0 ? Infinity : 1000 * seconds;
  }
  if (typeof value !== 'string' || !/^-?(\d+(\.\d+)?(ms|s|m|h))+$/.test(value)) throw bad();
  if (value.startsWith('-')) return Infinity;
  const parts = value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g);
  return [...parts].reduce((sum, [, n, unit]) => sum + Number(n) * units[unit!]!, 0);
};

/** Whether a model thinks, or how much. */
export const think: Check<boolean | string> = (value, name) =>
  typeof value === 'string' ? text(value, name) : boolean(value, name);

export const shared = {
  model: { check: text },
  options: { check: object },
  stream: { check: boolean },
  keep_alive: { check: keepAlive },
} as const;

const doneReasons: Readonly<Record<StopReason, string>> = {
  eos: 'stop',
  stop: 'stop',
  length: 'length',
  full: 'length',
  loop: 'length',
  abort: 'stop',
};

const nanoseconds = (ms: number): number => Math.round(ms * 1e6);

/** The last of an answer: why it ended, and its figures, in nanoseconds. */
export function doneOf({ stopReason, nPromptTokens, tokens, timings }: GenerateResult, startMs: number) {
  return {
    done: true,
    done_reason: doneReasons[stopReason],
    total_duration: nanoseconds(performance.now() - startMs),
    load_duration: nanoseconds(Math.max(0, performance.now() - startMs - timings.prefillMs - timings.decodeMs)),
    prompt_eval_count: nPromptTokens,
    prompt_eval_duration: nanoseconds(timings.prefillMs),
    eval_count: tokens.length,
    eval_duration: nanoseconds(timings.decodeMs),
  };
}

export const createdAt = (): string => new Date().toISOString();
