import { checkWhole } from '../base/checks.ts';
import { checkFit } from './check_fit.ts';
import { collectSums } from './column_sums.ts';
import type { MoreHandlers } from './handler.ts';
import { probeDevice } from './probe.ts';
import { rank } from './rank.ts';
import { scoreContinuations, scoreTokens } from './score.ts';
import type { Session } from './session.ts';
import { pauseOf, roomyOf, tellBefore, tellCalls, told } from './telling.ts';

/** What the calls do that many programs never make. */
export const more: MoreHandlers = {
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
    const score = (session: Session) => scoreTokens(session, tokens, firstRow, pauseOf(signal));
    return engine.withSession(adapters, score, { signal });
  },

  async scoreContinuations(engine, { text, continuations, adapters }, { signal }) {
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
    return rank(embedder, ranking, { pause: pauseOf(signal), onProgress: emit });
  },

  fit: async (_, { source, files: __, ...question }, { signal }) => checkFit(source, question, signal),

  probe: async (_, { files: __, ...options }, { signal }) => probeDevice(options, pauseOf(signal)),
};
