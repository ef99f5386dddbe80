/** Titles that the model writes, once a conversation has its first answer. */
import { answer, engine } from '../models/engine.ts';
import { pathTo } from '../storage/index.ts';
import type { Message } from '../storage/index.ts';
import { change, current, messages } from './conversations.ts';
import { writesTitles } from './settings.ts';

let stopper: AbortController | undefined;

/** An answer goes before a title. */
export function stopTitle(): void {
  stopper?.abort();
}

/** Asks for a title behind the first exchange. What is no title is not taken: the first words stay. */
export async function writeTitle(message: Message): Promise<void> {
  const conversation = current.value;
  if (!writesTitles.value || conversation?.id !== message.conversationId || conversation.titleFrom !== 'words') return;
  if (engine.value.type !== 'ready') return;
  const path = pathTo(messages.value, message.id);
  if (path.length !== 2) return;
  const controller = new AbortController();
  stopper = controller;
  let text = '';
  try {
    await answer({
      messages: [
        {
          role: 'user',
          content: `Write a title of two to five words for this text. Write nothing but the title.\n\n${path[0]!.text.slice(0, 600)}`,
        },
      ],
      sampler: { temperature: 0 },
      maxTokens: 16,
      thinks: false,
      goesOn: false,
      signal: controller.signal,
      onPart: (type, piece) => void (text += type === 'text' ? piece : ''),
    });
  } catch {
    return; // the engine's next answer says what is wrong
  }
  const title = cleaned(text);
  if (title && !controller.signal.aborted) await change(conversation.id, { title, titleFrom: 'model' });
}

/** One line without quotes and marks, of a length that a title has. */
function cleaned(text: string): string | undefined {
  const line = text
    .trim()
    .split('\n')[0]!
    .replace(/^(title|topic)\s*:\s*/i, '');
  const title = line.replace(/^[\s"'“”„«»*#_`]+|[\s"'“”„«»*#_`.:]+$/g, '');
  return title.length >= 3 && title.length <= 60 && title.split(/\s+/).length <= 9 ? title : undefined;
}
