/** A conversation: messages in, answers out, until somebody leaves. */
import type {
  AnswerPart,
  ChatMessage,
  GenerateOptions,
  Generation,
  GenerateResult,
  StopReason,
} from '../../../src/index.ts';
import { exitCodes, type OnInterrupt } from '../command.ts';
import { inOptionWords } from '../option_words.ts';
import { pagedBy } from '../paging.ts';
import { formatMs, plural } from '../terminal.ts';
import { callsAsText } from '../tools.ts';
import { templateVarsOf, thoughtsAlone } from '../thinking.ts';
import { asksFor, messageFor } from './calls.ts';
import { isCommand, runSlash, type ChatState, type SlashResult } from './slash.ts';

/** What is sent, and how it is answered this time. */
type Question = Pick<SlashResult, 'settings' | 'note'> & { readonly message: string | ChatMessage };

/** Stops an answer under way. */
class Stopper {
  private controller: AbortController | undefined;
  /** Messages that were waiting when it was stopped. */
  nDropped = 0;

  begin(): AbortSignal {
    this.controller = new AbortController();
    this.nDropped = 0;
    return this.controller.signal;
  }

  end(): void {
    this.controller = undefined;
  }

  /** False where nothing is being answered. What is entered from now on is answered next. */
  stop({ ui }: ChatState): boolean {
    if (!this.controller) return false;
    if (this.controller.signal.aborted) process.exit(exitCodes.interrupted); // an answer stops within a token: this one hangs
    this.nDropped = ui.dropWaiting();
    this.controller.abort();
    return true;
  }

  leave(): void {
    this.controller?.abort();
  }
}

export async function talk(state: ChatState, signal: AbortSignal, onInterrupt: OnInterrupt): Promise<void> {
  const { ui } = state;
  const stopper = new Stopper();
  onInterrupt(() => stopper.stop(state) || ui.interrupt());
  const leave = (): void => {
    stopper.leave();
    ui.close();
  };
  signal.addEventListener('abort', leave, { once: true });
  try {
    for await (const message of ui.messages) {
      await attend(state, message, stopper);
      if (state.isLeaving || signal.aborted) break;
    }
  } finally {
    signal.removeEventListener('abort', leave);
    onInterrupt(undefined);
    ui.close();
  }
  signal.throwIfAborted();
}

/** One message or command. A person hears of mistakes, and the chat goes on; to a pipe they are the end. */
async function attend(state: ChatState, message: string, stopper: Stopper): Promise<void> {
  const { ui } = state;
  if (message.trim() === '') return;
  try {
    if (!ui.hasPerson || !isCommand(message)) await say(state, message, stopper);
    else {
      const { show, send, ...how } = await runSlash(state, message);
      if (show !== undefined) await ui.tell(show);
      if (send === undefined) return;
      await answer(state, { message: send, ...how }, stopper);
    }
    const asked = asksFor(state.chat);
    if (asked !== undefined) await ui.tell(asked);
  } catch (error) {
    if (!ui.hasPerson || !(error instanceof Error)) throw error;
    await ui.fail(inOptionWords(error.message));
  } finally {
    stopper.end();
  }
}

async function say(state: ChatState, text: string, stopper: Stopper): Promise<void> {
  const message = messageFor(state.chat, text);
  if (message !== undefined) await answer(state, { message }, stopper);
}

async function answer(state: ChatState, question: Question, stopper: Stopper): Promise<void> {
  const { chat, ui, model } = state;
  const { nForgotten } = chat;
  const { message, settings = state.settings } = question;
  const signal = stopper.begin();
  const view = ui.startAnswer();
  let speaks = false; // from then on the line is the answer's: room made inside it is not shown
  const onPrefill = (nDone: number, nTotal: number): void => {
    if (!speaks) view.reading(nDone, nTotal);
  };
  let spoken: Generation<string | AnswerPart> | undefined;
  try {
    // a context that shifts has no end: an answer has one
    const options = {
      maxTokens: model.info.nCtx,
      ...settings,
      ...state.heldTo,
      ...templateOf(state),
      signal,
      onPrefill,
    };
    // who reads a pipe gets what the model says, unless it is to say less, or calls are to be told
    spoken =
      ui.showsParts || !state.showsThinking || state.hasTools
        ? chat.send(message, { ...options, thinking: 'split' })
        : chat.send(message, options);
    for await (const part of callsAsText(partsOf(spoken))) {
      speaks = true;
      if (part.type === 'text' || state.showsThinking) await view.push(part);
      else view.thinking();
    }
  } catch (error) {
    if (!signal.aborted || !spoken) {
      await view.end();
      throw error;
    }
  }
  const result = await spoken.result;
  await view.end();
  count(state, result);
  const nMore = chat.nForgotten - nForgotten;
  if (nMore > 0) await ui.tell(`the context is full: the ${nMore} oldest messages are left out from now on`);
  if (!signal.aborted) return view.status(statusLine(state, result, question));
  const { nDropped } = stopper;
  const dropped = nDropped > 0 ? `; ${plural(nDropped, 'waiting message')} dropped` : '';
  const facts = result.tokens.length > 0 && ui.hasPerson ? ` · ${statusLine(state, result, question)}` : '';
  await view.stopped(`stopped${dropped}${facts}`);
}

/** Text that nobody tells apart is the answer's. */
async function* partsOf(answer: AsyncIterable<string | AnswerPart>): AsyncGenerator<AnswerPart> {
  for await (const piece of answer) yield typeof piece === 'string' ? { type: 'text', text: piece } : piece;
}

/** What the template gets, if anything. */
function templateOf({ effort, templateVars }: ChatState) {
  const all = templateVarsOf(effort, templateVars);
  return all && { templateVars: all };
}

/** What was stopped counts as far as it came; where that is nowhere, the conversation is as it was before. */
function count(state: ChatState, { tokens, nPromptTokens, timings }: GenerateResult): void {
  if (tokens.length === 0) return;
  const { totals } = state;
  totals.answers++;
  totals.tokens += tokens.length;
  totals.ms += timings.decodeMs;
  state.nUsed = nPromptTokens + tokens.length;
}

/** `42 tokens · 31.5 tok/s · first after 0.2 s · context 12 %`. */
function statusLine(
  { model, nUsed, settings: held }: ChatState,
  result: GenerateResult,
  { settings = held, note }: Question,
): string {
  const { tokens, timings, stopReason } = result;
  const { nCtx } = model.info;
  return [
    plural(tokens.length, 'token'),
    `${timings.decodeTps.toFixed(1)} tok/s`,
    `first after ${formatMs(timings.ttftMs)}`,
    ...pagedBy(timings),
    `context ${Math.min(100, Math.round((100 * nUsed) / nCtx))} %`,
    ...(note === undefined ? [] : [note]),
    ...thoughtsAlone(result),
    ...endedBy(stopReason, settings),
  ].join(' · ');
}

const endings: Partial<Record<StopReason, string>> = {
  length: 'cut by /set max-tokens',
  full: 'cut: the context is full; /clear empties it, --ctx at the start makes it larger',
  loop: 'ended: it went round in circles, see /set repeat-penalty',
};

function endedBy(stopReason: StopReason, { maxTokens }: GenerateOptions): string[] {
  if (stopReason === 'length' && maxTokens === undefined)
    return ['cut: it is as long as the context; /set max-tokens N lets it get longer'];
  const ending = endings[stopReason];
  return ending === undefined ? [] : [ending];
}
