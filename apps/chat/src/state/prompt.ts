/** What the model is sent: the persona, and the branch that is shown, with the passages that belong to its questions. */
import type { ChatMessage } from 'thimble';
import { withPassages } from '../documents/prompt.ts';
import type { Message, SourcePlace } from '../storage/index.ts';

/** @param path from the first message to the question. `sources` are those of the question itself. */
export function promptOf(
  path: readonly Message[],
  { system, sources }: { readonly system: string; readonly sources: readonly SourcePlace[] },
): ChatMessage[] {
  const sent: ChatMessage[] = system === '' ? [] : [{ role: 'system', content: system }];
  for (const [i, message] of path.entries()) {
    const given = i === path.length - 1 ? sources : (path[i + 1]?.sources ?? []);
    add(sent, sentAs(message, given));
  }
  return sent;
}

function sentAs({ role, text, thinking }: Message, sources: readonly SourcePlace[]): ChatMessage | undefined {
  if (role === 'user') return { role, content: withPassages(text, sources) };
  if (text === '') return undefined; // an answer that failed
  return thinking ? { role, content: text, reasoningContent: thinking } : { role, content: text };
}

/** Many templates want the roles in turns: two questions in a row become one. */
function add(sent: ChatMessage[], message: ChatMessage | undefined): void {
  if (!message) return;
  const last = sent.at(-1);
  if (last?.role === message.role)
    sent[sent.length - 1] = { ...message, content: `${last.content}\n\n${message.content}` };
  else sent.push(message);
}
