/** A conversation: messages in, answers out, until somebody leaves. */
import type { GenerateResult } from '../../../src/index.ts';
import { exitCodes, type OnInterrupt } from '../command.ts';
import { inOptionWords } from '../option_words.ts';
import { endedBy } from '../sampling.ts';
import { formatMs, plural } from '../terminal.ts';
import { isCommand, runSlash, type ChatState } from './slash.ts';

export async function talk(state: ChatState, signal: AbortSignal, onInterrupt: OnInterrupt): Promise<void> {
  const { ui } = state;
  let answering: AbortController | undefined;
  onInterrupt(() => {
    if (!answering) return ui.interrupt();
    if (answering.signal.aborted) process.exit(exitCodes.interrupted); // an answer stops within a token: this one hangs
    answering.abort();
    return true;
  });
  const leave = (): void => {
    answering?.abort();
    ui.close();
  };
  signal.addEventListener('abort', leave, { once: true });
  try {
    for await (const message of ui.messages) {
      const controller = (answering = new AbortController());
      await attend(state, message, controller);
      answering = undefined;
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
async function attend(state: ChatState, message: string, answering: AbortController): Promise<void> {
  const { ui } = state;
  if (message.trim() === '') return;
  try {
    if (!ui.hasPerson || !isCommand(message)) return await answer(state, message, answering.signal);
    const { show, send } = await runSlash(state, message);
    if (show !== undefined) await ui.tell(show);
    if (send !== undefined) await answer(state, send, answering.signal);
  } catch (error) {
    if (!ui.hasPerson || !(error instanceof Error)) throw error;
    await ui.fail(inOptionWords(error.message));
  }
}

async function answer(state: ChatState, message: string, signal: AbortSignal): Promise<void> {
  const { chat, totals, ui, settings } = state;
  const { nForgotten } = chat;
  const view = ui.startAnswer();
  let speaks = false; // from then on the line is the answer's: room made inside it is not shown
  const onPrefill = (nDone: number, nTotal: number): void => {
    if (!speaks) view.reading(nDone, nTotal);
  };
  const spoken = chat.send(message, { ...settings, signal, onPrefill });
  try {
    for await (const piece of spoken) {
      speaks = true;
      await view.push(piece);
    }
  } catch (error) {
    await view.end();
    if (!signal.aborted) throw error;
    const nDropped = ui.dropWaiting();
    return view.stopped(nDropped > 0 ? `stopped; ${plural(nDropped, 'waiting message')} dropped` : 'stopped');
  }
  const result = await spoken.result;
  totals.answers++;
  totals.tokens += result.tokens.length;
  totals.ms += result.timings.decodeMs;
  state.nUsed = result.nPromptTokens + result.tokens.length;
  await view.end();
  const nMore = chat.nForgotten - nForgotten;
  if (nMore > 0) await ui.tell(`the context is full: the ${nMore} oldest messages are left out from now on`);
  await view.status(statusLine(state, result));
}

/** `42 tokens · 31.5 tok/s · first after 0.2 s · context 12 %`. */
function statusLine({ model, nUsed }: ChatState, { tokens, timings, stopReason }: GenerateResult): string {
  const { nCtx } = model.info;
  return [
    plural(tokens.length, 'token'),
    `${timings.decodeTps.toFixed(1)} tok/s`,
    `first after ${formatMs(timings.ttftMs)}`,
    `context ${Math.min(100, Math.round((100 * nUsed) / nCtx))} %`,
    ...endedBy(stopReason),
  ].join(' · ');
}
