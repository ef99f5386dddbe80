/** Titles that the model writes, once a conversation has its first answer. */
import { continuation, engine } from '../models/engine.ts';
import { pathTo } from '../storage/index.ts';
import type { Message } from '../storage/index.ts';
import { change, current, messages } from './conversations.ts';
import { writesTitles } from './settings.ts';

let stopper: AbortController | undefined;

/** An answer goes before a title. */
export function stopTitle(): void {
  stopper?.abort();
}

/** Even a model of 135 M weights goes on with a list, where it would answer a request. */
const examples: readonly (readonly [question: string, title: string])[] = [
  ['How do I boil an egg so that the yolk stays soft?', 'Soft-boiled eggs'],
  ['Write an email to my landlord about the broken heating.', 'Broken heating email'],
  ['what is the difference between a virus and a bacterium', 'Virus and bacterium'],
  ['Plan a weekend in Rome with two children', 'Family weekend in Rome'],
];

const lines = (question: string, title: string): string => `Question: ${question}\nTitle: ${title}`.trimEnd();

/** Asks for a title behind the first exchange. What is no title is not taken: the first words stay. */
export async function writeTitle(message: Message): Promise<void> {
  const conversation = current.value;
  if (!writesTitles.value || conversation?.id !== message.conversationId || conversation.titleFrom !== 'words') return;
  const path = pathTo(messages.value, message.id);
  if (path.length !== 2 || message.stats?.stopReason !== 'eos' || engine.value.type !== 'ready') return;
  const controller = new AbortController();
  stopper = controller;
  const question = path[0]!.text.replace(/\s+/g, ' ').slice(0, 300);
  const prompt = [...examples.map(([asked, title]) => lines(asked, title)), lines(question, '')].join('\n\n');
  const text = await continuation(prompt, controller.signal).catch(() => ''); // the next answer says what is wrong
  const title = cleaned(text);
  if (title && !controller.signal.aborted) await change(conversation.id, { title, titleFrom: 'model' });
}

/** One line without quotes and marks, of a length that a title has. */
function cleaned(text: string): string | undefined {
  const title = text.trim().replace(/^[\s"'“”„«»*#_`]+|[\s"'“”„«»*#_`.:]+$/g, '');
  return title.length >= 3 && title.length <= 60 && !title.includes('\n') ? title : undefined;
}
