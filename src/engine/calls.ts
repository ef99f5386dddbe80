import type { CallName } from '../protocol/messages.ts';
import { createTextStream } from '../tokenizers/stream.ts';
import { isHeld } from './answer_options.ts';
import type { Handler, Usual } from './handler.ts';
import { roomyOf, tellBefore, tellCalls, told } from './telling.ts';

/** Calls of programs that want answers. */
const usual: { readonly [K in Usual]: Handler<K> } = {
  open: async (engine, { source, draft, adapters, options }, { signal, emit }) =>
    (await engine.open(source, options, { onProgress: emit, signal, draft, adapters })).info,

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

  async tokenize({ model }, { prompt }) {
    await model.withTools(prompt, {});
    return model.encode(prompt);
  },

  async detokenize({ model }, { tokens, special }) {
    const stream = createTextStream(model.tokenizer, { special });
    return Array.from(tokens, (token) => stream.push(token)).join('') + stream.flush();
  },

  async close(engine) {
    await engine.close();
    return undefined;
  },
};

/** What a call does. */
export const handlerOf = async <K extends CallName>(call: K): Promise<Handler<K>> =>
  (call in usual ? usual : (await import('./more_calls.ts')).more)[call as never];
