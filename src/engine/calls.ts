import { checkWhole } from '../base/checks.ts';
import type { MarkedText } from '../chat/parts.ts';
import type { CallsOptions } from '../chat/tools/tool.ts';
import type { GenerateEvent, GenerateResult, MakingOptions } from '../protocol/generation.ts';
import type { CallName, Calls, Saving } from '../protocol/messages.ts';
import type { Prompt } from '../protocol/open.ts';
import { createTextStream } from '../tokenizers/stream.ts';
import type { EngineState } from './engine_state.ts';
import { isHeld } from './answer_options.ts';
import { tellFiles } from './files.ts';
import type { LoadedModel } from './load_model.ts';
import type { Session } from './session.ts';
import { tick } from '#platform';

/** What a running call can do beside returning. */
export interface Running<K extends CallName> {
  readonly signal: AbortSignal;
  emit(event: Calls[K]['event']): void;
}

export type Handler<K extends CallName> = (
  engine: EngineState,
  args: Calls[K]['args'],
  running: Running<K>,
) => Promise<Calls[K]['result']>;

/** What each call does. */
export const handlers: { readonly [K in CallName]: Handler<K> } = {
  async open(engine, { source, draft, adapters, options, files }, { signal, emit }) {
    tellFiles(files);
    return (await engine.open(source, options, { onProgress: emit, signal, draft, adapters })).info;
  },

  openSession: async (engine, _, { signal }) => engine.openSession(signal),

  async closeSession(engine, { session }) {
    engine.closeSession(session);
    return undefined;
  },

  async generate(engine, { session, prompt, options, adapters, saving }, { signal, emit }) {
    const { model } = engine;
    const how = await model.withTools(prompt, options);
    if (how.calls) tellCalls(how.calls, undefined, emit);
    const shifts = how.onFull === 'shift';
    const roomy = shifts ? await roomyOf(prompt, { model, options: how, signal }) : model.encode(prompt);
    const tokens = 'tokens' in roomy ? roomy.tokens : roomy;
    return engine.use({ session, tokens, adapters, signal }, (session) => {
      tellBefore(model, tokens, { goesOn: false, isHeld: isHeld(how) }, emit);
      return told(session.generate(roomy, how, signal), emit, saving && { ...saving, session });
    });
  },

  resume: async (engine, { session, prompt, options, adapters, saving }, { signal, emit }) =>
    engine.use({ session, tokens: [], adapters, signal }, async (session) => {
      const { model } = engine;
      if (prompt) await model.withTools(prompt, {});
      const { unfinishedHeld: heldTo } = session;
      const { calls } = heldTo?.given ?? {};
      if (calls) tellCalls(calls, options.whole ? undefined : (await import('./tools.ts')).saidOf({ calls, tokens: heldTo!.tokens }, model), emit); // prettier-ignore
      const shorten = prompt && (await roomyOf(prompt, { model, options, signal })).shorten;
      const telling = { goesOn: !options.whole, isHeld: heldTo !== undefined };
      tellBefore(model, session.textBefore(options), telling, emit);
      return told(session.resume(options, signal, shorten), emit, saving && { ...saving, session });
    }),

  saveSession: async (engine, { session, adapters, ...how }) =>
    engine.use({ session, tokens: [], adapters }, (session) => session.save(how)),

  restoreSession: async (engine, { session, bytes, adapters }) =>
    engine.use({ session, tokens: [], adapters }, async (session) =>
      session.restore('size' in bytes ? new Uint8Array(await bytes.arrayBuffer()) : bytes),
    ),

  async tokenize({ model }, { prompt }) {
    await model.withTools(prompt, {});
    return model.encode(prompt);
  },

  async detokenize({ model }, { tokens, special }) {
    const stream = createTextStream(model.tokenizer, { special });
    return Array.from(tokens, (token) => stream.push(token)).join('') + stream.flush();
  },

  tokenBytes: async ({ model: { tokenizer } }, { tokens }) =>
    tokens.map((token) => {
      checkWhole('token', token, { min: 0, max: tokenizer.nVocab - 1 });
      return tokenizer.bytes(token).slice();
    }),

  async logits(engine, { tokens, adapters }, { signal, emit }) {
    const pause = pauseOf(signal);
    const read = async (session: Session) => {
      for await (const rows of session.logits(tokens)) {
        emit(rows.slice());
        await pause();
      }
    };
    await engine.withSession(adapters, read, { signal });
    return undefined;
  },

  async score(engine, { tokens, firstRow, adapters }, { signal }) {
    checkWhole('firstRow', firstRow, { min: 0 });
    const { scoreTokens } = await import('./score.ts');
    const score = (session: Session) => scoreTokens(session, tokens, firstRow, pauseOf(signal));
    return engine.withSession(adapters, score, { signal });
  },

  async scoreContinuations(engine, { text, continuations, adapters }, { signal }) {
    const { scoreContinuations } = await import('./score.ts');
    const score = (session: Session) => {
      const longest = continuations.reduce((most, { length }) => Math.max(most, length), 1); // its last token is never read
      if (text.length + longest - 1 > session.nCtx) {
        const came = `the text has ${text.length} tokens, the longest continuation ${longest}, the context ${session.nCtx}`;
        throw new RangeError(`${came}; shorten them, or open the model with a larger nCtx`);
      }
      return scoreContinuations(session, text, continuations, pauseOf(signal));
    };
    return engine.withSession(adapters, async (session) => score(session), { signal });
  },

  async columnSums(engine, { texts }, { signal, emit }) {
    const { collectSums } = await import('./column_sums.ts');
    const collector = collectSums(engine.files.at(-1)!); // the draft's came first
    const read = (session: Session) => collector.read(session, texts, emit, pauseOf(signal));
    await engine.withSession([], read, { look: collector, signal });
    return collector.sums();
  },

  async embed({ model }, { texts, adapters, ...settings }, { signal, emit }) {
    const embedder = await model.embedder(adapters);
    return embedder.embed(texts, settings, { pause: pauseOf(signal), onProgress: emit });
  },

  tasks: async ({ model }) => (await model.embedder()).tasks(),

  async rank({ model }, { adapters, ...ranking }, { signal, emit }) {
    const embedder = await model.embedder(adapters);
    const { rank } = await import('./rank.ts');
    return rank(embedder, ranking, { pause: pauseOf(signal), onProgress: emit });
  },

  async fit(_, { source, files, ...question }, { signal }) {
    tellFiles(files);
    return (await import('./check_fit.ts')).checkFit(source, question, signal);
  },

  async probe(_, { files, ...options }, { signal }) {
    tellFiles(files);
    return (await import('./probe.ts')).probeDevice(options, pauseOf(signal));
  },

  async close(engine) {
    await engine.close();
    return undefined;
  },
};

/** Where an answer begins, for whoever tells its thoughts apart. */
function tellBefore(
  { marks }: LoadedModel,
  tokens: ArrayLike<number>,
  how: { readonly goesOn: boolean; readonly isHeld: boolean },
  emit: (event: GenerateEvent) => void,
): void {
  const before = marks?.before(tokens);
  if (before) emit({ type: 'before', ...how, ...before });
}

/** That an answer may call tools, for whoever tells its calls apart. */
function tellCalls(
  { format, tokens, tools, choice }: CallsOptions,
  before: MarkedText | undefined,
  emit: (event: GenerateEvent) => void,
): void {
  if (choice !== 'none') emit({ type: 'calls', format, tokens, tools, ...(before && { before }) });
}

interface Roomy {
  readonly model: LoadedModel;
  readonly options: MakingOptions;
  readonly signal: AbortSignal;
}

/** A conversation that can be made shorter. */
async function roomyOf(prompt: Prompt, { model, options, signal }: Roomy) {
  const { fitted } = await import('./room.ts'); // not all answers may outgrow their context
  const { maxTokens = Infinity } = options;
  return fitted(prompt, { encode: model.encode, pause: pauseOf(signal) }, { nCtx: model.info.nCtx, maxTokens });
}

/** Milliseconds between two savings of an answer: little is lost with the page, and little is spent (a few bytes a token). */
const SAVE_EVERY_MS = 2000;

/**
 * Hands an answer's events out as they come. A cancel message can arrive between them. What it can go on from comes when the prompt is
 * read, and now and then.
 */
async function told(
  events: AsyncGenerator<GenerateEvent, GenerateResult>,
  emit: (event: GenerateEvent) => void,
  saving: (Saving & { readonly session: Session }) | undefined,
): Promise<GenerateResult> {
  const save = async (state: false | 'auto') => {
    const { session, note } = saving!;
    emit({ type: 'saved', bytes: await session.save({ note, state }) });
  };
  let nextMs = 0;
  try {
    for (;;) {
      await tick();
      const { value, done } = await events.next();
      if (done) {
        if (saving && saving.note === undefined) await save('auto').catch(() => undefined); // the answer is there all the same
        return value;
      }
      if (value.type !== 'piece' || value.text !== '' || value.marks || value.scored) emit(value);
      const isRead = value.type === 'piece' || (value.type === 'prefill' && value.nDone === value.nTotal);
      if (!saving || !isRead || performance.now() < nextMs) continue;
      await save(false);
      nextMs = performance.now() + SAVE_EVERY_MS;
    }
  } finally {
    await events.return(undefined as never); // what nobody hears of is under way no more
  }
}

/** Lets messages arrive, and stops a call that one of them cancels. */
const pauseOf = (signal: AbortSignal) => async (): Promise<void> => {
  await tick();
  signal.throwIfAborted();
};
