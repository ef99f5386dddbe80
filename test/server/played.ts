/** The function by itself, over models that are played. */
import type { GenerateResult } from '../../src/protocol/generation.ts';
import type { ModelInfo } from '../../src/protocol/open.ts';
import { createHandler, type HandlerOptions } from '../../src/server/handler.ts';
import { asFetch } from '../../src/server/model_fetch.ts';
import type { AnswerPart } from '../../src/chat/parts.ts';
import type { Served, ServedAnswer, ServedModel, ServedOptions } from '../../src/server/served.ts';
import { Slots } from '../../src/server/slots.ts';

const timings = { loadMs: 0, ttftMs: 0, prefillMs: 1, prefillTps: 0, decodeMs: 1, decodeTps: 0 };
export const result: GenerateResult = {
  text: '',
  tokens: [1],
  nPromptTokens: 3,
  nReusedTokens: 1,
  nForgotten: 0,
  stopReason: 'eos',
  seed: 0,
  timings,
};

/** An answer in parts; `hold` is awaited before each; `more` is what its result says. */
export function played(
  parts: readonly AnswerPart[],
  hold: (i: number, options: ServedOptions) => Promise<void> = () => Promise.resolve(),
  more: Partial<GenerateResult> = {},
) {
  const log = { prompts: [] as unknown[], nMade: 0, nClosed: 0, options: [] as ServedOptions[] };
  const generate = (prompt: unknown, options: ServedOptions): ServedAnswer => {
    log.prompts.push(prompt);
    log.options.push(options);
    options.onPrefill?.(1, 1);
    let done: (made: GenerateResult) => void;
    const made = new Promise<GenerateResult>((resolve) => (done = resolve));
    async function* answer() {
      try {
        for (const [i, part] of parts.entries()) {
          await hold(i, options);
          options.signal?.throwIfAborted();
          log.nMade++;
          yield part;
        }
      } finally {
        done({ ...result, ...more });
      }
    }
    return { result: made, [Symbol.asyncIterator]: () => answer() };
  };
  const close = async () => void log.nClosed++;
  const info = {
    name: 'played',
    maxSessions: 2,
    embeds: false,
    ranks: false,
    sampling: {},
    nCtx: 8,
    backend: 'none',
  } as unknown as ModelInfo;
  const model = { info, openSession: () => ({ generate, close }) } as unknown as ServedModel;
  return { model, log };
}

export function handlerOf(model: ServedModel, options: HandlerOptions = {}, maxWaiting = 8) {
  const slots = new Slots(model, { nSlots: 2, maxWaiting });
  let nHeld = 0;
  const hold: Served['hold'] = () => {
    nHeld++;
    return Promise.resolve({ name: 'played', model, slots, release: () => nHeld-- });
  };
  const served: Served = {
    list: () => Promise.resolve([{ name: 'played' }]),
    running: () => [{ name: 'played', info: model.info, slots, expiresAt: undefined }],
    hold,
    look: () => Promise.resolve(undefined),
  };
  const handler = createHandler(served, options);
  return { ...handler, fetch: asFetch(handler), slots, nHeld: () => nHeld };
}

export const said = (text: string): AnswerPart => ({ type: 'text', text });
const chatBody = { messages: [{ role: 'user', content: 'Hi' }] };
export const chat = (more: object = {}) => ({ method: 'POST', body: JSON.stringify({ ...chatBody, ...more }) });
export const path = '/v1/chat/completions';
