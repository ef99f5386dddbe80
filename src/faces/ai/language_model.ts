import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4StreamResult,
  LanguageModelV4Usage,
} from '@ai-sdk/provider';
import { link } from '../../base/signals.ts';
import type { AnswerPart, CallPart } from '../../chat/parts.ts';
import type { GenerateResult, StopReason } from '../../protocol/generation.ts';
import { openedModel, type ModelGiven } from './given.ts';
import { callOf } from './settings.ts';

const finishReasons: Readonly<Record<StopReason, LanguageModelV4FinishReason['unified']>> = {
  eos: 'stop',
  stop: 'stop',
  length: 'length',
  full: 'length',
  loop: 'other',
  abort: 'other',
};

/** A model as the AI SDK wants it. */
export function languageModel(given: ModelGiven, modelId: string): LanguageModelV4 {
  return {
    specificationVersion: 'v4',
    provider: 'thimble',
    modelId,
    supportedUrls: {},
    async doStream(options) {
      const left = new AbortController();
      const unlink = link(options.abortSignal ? [options.abortSignal] : [], left);
      const all = await parts(given, { ...options, abortSignal: left.signal }, modelId);
      return { stream: streamOf(all, left, unlink) } satisfies LanguageModelV4StreamResult;
    },
    doGenerate: async (options) => wholeOf(await parts(given, options, modelId)),
  };
}

type Parts = AsyncGenerator<LanguageModelV4StreamPart, void>;

/** All parts of an answer. What is wrong with the arguments is told before the first. */
async function parts(given: ModelGiven, options: LanguageModelV4CallOptions, modelId: string): Promise<Parts> {
  options.abortSignal?.throwIfAborted();
  const model = await openedModel(given);
  const call = callOf(options, model.info);
  return (async function* () {
    yield { type: 'stream-start', warnings: call.warnings };
    yield { type: 'response-metadata', modelId, timestamp: new Date() };
    const answer = model.generate(call.prompt, call.options);
    const told = new Told();
    for await (const part of answer) yield* told.parts(part);
    const result = await answer.result;
    yield* told.end(new Set(result.toolCalls?.map(({ id }) => id)));
    const unified = told.hasCalls ? 'tool-calls' : finishReasons[result.stopReason];
    yield { type: 'finish', finishReason: { unified, raw: result.stopReason }, usage: usageOf(result) };
  })();
}

/** The block that is open: text and reasoning have beginnings and ends, and so have the calls of tools. */
class Told {
  hasCalls = false;
  private nBlocks = 0;
  private open: { readonly type: 'text' | 'reasoning'; readonly id: string } | undefined;
  private call: { readonly index: number; readonly id: string; readonly name: string; input: string } | undefined;

  *parts(part: AnswerPart): Generator<LanguageModelV4StreamPart> {
    if (part.type === 'tool_call') return yield* this.callPart(part);
    const type = part.type === 'thinking' ? 'reasoning' : 'text';
    if (this.call || this.open?.type !== type) {
      yield* this.end();
      this.open = { type, id: `${type}-${this.nBlocks++}` };
      yield { type: `${type}-start`, id: this.open.id };
    }
    yield { type: `${type}-delta`, id: this.open!.id, delta: part.text };
  }

  private *callPart({ index, id, name = '', arguments: delta }: CallPart): Generator<LanguageModelV4StreamPart> {
    if (this.call?.index !== index) {
      yield* this.end();
      this.call = { index, id, name, input: '' };
      yield { type: 'tool-input-start', id, toolName: name };
    }
    this.call!.input += delta;
    if (delta !== '') yield { type: 'tool-input-delta', id: this.call!.id, delta };
  }

  /** Ends what is open. @param whole the calls that were not cut off, where an answer has ended */
  *end(whole?: ReadonlySet<string>): Generator<LanguageModelV4StreamPart> {
    if (this.open) yield { type: `${this.open.type}-end`, id: this.open.id };
    this.open = undefined;
    if (!this.call) return;
    const { id, name, input } = this.call;
    this.call = undefined;
    yield { type: 'tool-input-end', id };
    if (whole?.has(id) === false) return;
    this.hasCalls = true;
    yield { type: 'tool-call', toolCallId: id, toolName: name, input: input === '' ? '{}' : input };
  }
}

function usageOf({ nPromptTokens, nReusedTokens, tokens, thinking }: GenerateResult): LanguageModelV4Usage {
  return {
    inputTokens: {
      total: nPromptTokens,
      noCache: nPromptTokens - nReusedTokens,
      cacheRead: nReusedTokens,
      cacheWrite: undefined,
    },
    // which of an answer's tokens were thoughts is not counted
    outputTokens: thinking
      ? { total: tokens.length, text: undefined, reasoning: undefined }
      : { total: tokens.length, text: tokens.length, reasoning: 0 },
  };
}

/** A stream that asks for a part when it has room, and stops the work when nobody reads on. */
function streamOf(all: Parts, left: AbortController, unlink: () => void): ReadableStream<LanguageModelV4StreamPart> {
  return new ReadableStream<LanguageModelV4StreamPart>({
    async pull(controller) {
      const { done, value } = await all.next();
      if (!done) return controller.enqueue(value);
      unlink();
      controller.close();
    },
    async cancel() {
      left.abort(); // also where it reads its prompt
      await all.return();
    },
  });
}

async function wholeOf(all: Parts): Promise<LanguageModelV4GenerateResult> {
  const content: LanguageModelV4Content[] = [];
  let result: Omit<LanguageModelV4GenerateResult, 'content'> | undefined;
  let warnings: LanguageModelV4GenerateResult['warnings'] = [];
  let response: LanguageModelV4GenerateResult['response'];
  for await (const part of all) {
    const last = content.at(-1);
    if (part.type === 'stream-start') ({ warnings } = part);
    else if (part.type === 'response-metadata') response = { modelId: part.modelId!, timestamp: part.timestamp! };
    else if (part.type === 'text-start') content.push({ type: 'text', text: '' });
    else if (part.type === 'reasoning-start') content.push({ type: 'reasoning', text: '' });
    else if (part.type === 'text-delta' || part.type === 'reasoning-delta')
      (last as { text: string }).text += part.delta;
    else if (part.type === 'tool-call') content.push(part);
    else if (part.type === 'finish')
      result = { finishReason: part.finishReason, usage: part.usage, warnings, ...(response && { response }) };
  }
  return { content, ...result! };
}
