/** How much of a model's context messages take. */
import type { Model } from '../../api/model.ts';
import type { ChatMessage } from '../../chat/conversation.ts';

interface Around {
  /** Tokens that a template has beside messages. */
  readonly base: number;
  /** Tokens around each message. */
  readonly each: number;
}

const known = new WeakMap<Model, Promise<Around>>();

/** What a model's template writes around messages, worked out from one and three of them. */
function aroundOf(model: Model): Promise<Around> {
  const found = known.get(model);
  if (found) return found;
  const word = 'x';
  const user: ChatMessage = { role: 'user', content: word };
  const count = async (messages: readonly ChatMessage[]): Promise<number> => (await model.tokenize(messages)).length;
  const measured = (async () => {
    const one = await count([user]);
    const three = await count([user, { role: 'assistant', content: word }, user]);
    const text = (await model.tokenize({ text: word })).length;
    const each = Math.max(0, Math.ceil((three - one) / 2) - text);
    return { base: Math.max(0, one - each - text), each };
  })();
  known.set(model, measured);
  measured.catch(() => known.delete(model));
  return measured;
}

/** Tokens of messages. */
export async function usageOf(model: Model, messages: readonly ChatMessage[]): Promise<number> {
  const { each } = await aroundOf(model);
  const texts = messages.map((message) =>
    [message.content as string, ...(message.toolCalls ?? []).map((call) => JSON.stringify(call))].join('\n'),
  );
  const counts = await Promise.all(texts.map(async (text) => (await model.tokenize({ text })).length));
  return counts.reduce((sum, n) => sum + n + each, 0);
}

/** Tokens that there is room for. */
export async function windowOf(model: Model): Promise<number> {
  return model.info.nCtx - (await aroundOf(model)).base;
}
