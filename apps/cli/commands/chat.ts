import { stderr, stdin, stdout } from 'node:process';
import {
  FormatError,
  ResourceError,
  UnsupportedError,
  type ChatOptions,
  type GenerateResult,
  type Model,
} from '../../../src/index.ts';
import { openMessages } from '../chat/lines.ts';
import { runSlash, slashCommands, slashHelp, type ChatState } from '../chat/slash.ts';
import { startWrapper } from '../chat/wrap.ts';
import { exitCodes, type Command, type OnInterrupt } from '../command.ts';
import {
  defaultModel,
  draftOption,
  modelOptions,
  modelTitle,
  readDraft,
  readModelOptions,
  withModel,
} from '../models.ts';
import { endedBy, readSampling, samplingOptions } from '../sampling.ts';
import {
  counted,
  formatBytes,
  formatMs,
  formatParams,
  forStdout,
  harmless,
  print,
  progressBar,
  style,
} from '../terminal.ts';

export const chat: Command = {
  summary: `talk to a model (${defaultModel} unless another is named)`,
  usage: '[MODEL] [options]',
  about: `Ctrl-C stops an answer and keeps what there is of it; while nothing is being answered it leaves, as Ctrl-D does. A line that ends
with a backslash goes on in the next one, and everything between two lines of """ is one message. A conversation may outgrow
the context: the oldest turns are then left out, and you are told.

In the chat:
${slashHelp()}

From a pipe, every line is one message, and only the answers go to stdout.`,
  positionals: [0, 1],
  options: {
    system: { value: 'TEXT', help: 'the system message: tells the model what to be' },
    ...samplingOptions,
    ...draftOption,
    ...modelOptions,
  },
  examples: [
    ['thimble chat', 'with the model that comes with the source'],
    ['thimble chat model.gguf --system "Answer like a pirate" --temp 0.5', 'with another one'],
    ['echo "What is a thimble?" | thimble chat', 'one message from a pipe'],
  ],
  async run(args, signal, onInterrupt) {
    const options: ChatOptions = { onFull: 'shift', system: args.text('system'), ...readSampling(args) };
    const given = args.positionals[0] ?? defaultModel;
    await withModel(given, { ...readModelOptions(args), draft: readDraft(args), signal }, async (model) => {
      if (model.info.noChat !== undefined)
        throw new UnsupportedError(`${model.info.noChat}; or try: thimble run --raw`);
      const totals = { answers: 0, tokens: 0, ms: 0 };
      const state = { model, options, chat: model.chat(options), totals, nUsed: 0, isLeaving: false };
      if (isInteractive) await print(banner(modelTitle(given, model), model));
      await talk(state, signal, onInterrupt);
    });
  },
};

/** A person in front, or a pipe. */
const isInteractive = stdin.isTTY === true && stdout.isTTY === true;

async function talk(state: ChatState, signal: AbortSignal, onInterrupt: OnInterrupt): Promise<void> {
  const messages = openMessages({ isInteractive, words: slashCommands.map(({ name }) => name) });
  let answering: AbortController | undefined;
  onInterrupt(() => {
    if (!answering) return messages.clear();
    if (answering.signal.aborted) process.exit(exitCodes.interrupted); // an answer stops within a token: this one hangs
    answering.abort();
    return true;
  });
  signal.addEventListener('abort', () => messages.close(), { once: true });
  try {
    for await (const message of messages) {
      answering = new AbortController();
      await attend(state, message, answering.signal);
      answering = undefined;
      if (state.isLeaving || signal.aborted) break;
    }
  } finally {
    onInterrupt(undefined);
    messages.close();
  }
  if (isInteractive) await print('\n');
  signal.throwIfAborted();
}

/** One message or command. It reports mistakes that the person can put right, and the chat goes on. */
async function attend(state: ChatState, message: string, signal: AbortSignal): Promise<void> {
  if (message.trim() === '') return;
  try {
    if (!message.startsWith('/')) return await answer(state, message, signal);
    const { show, send } = await runSlash(state, message);
    if (show !== undefined) await tell(show);
    if (send !== undefined) await answer(state, send, signal);
  } catch (error) {
    const isTheirs = error instanceof RangeError || error instanceof FormatError || error instanceof ResourceError;
    if (!isInteractive || !isTheirs) throw error;
    await print(`${style.red(harmless(error.message))}\n\n`);
  }
}

/** A remark beside the conversation; a pipe's stdout is for answers alone. */
async function tell(text: string): Promise<void> {
  if (isInteractive) await print(`${style.dim(harmless(text))}\n\n`);
  else stderr.write(`${harmless(text)}\n`);
}

async function answer(state: ChatState, message: string, signal: AbortSignal): Promise<void> {
  const { chat, totals } = state;
  const { nForgotten } = chat;
  const bar = progressBar('reading');
  let speaks = false; // from then on the line is the answer's: room made inside it is not shown
  const onPrefill = (nDone: number, nTotal: number) => {
    if (!speaks) bar.update(nDone, nTotal, `${nDone} of ${nTotal} tokens`);
  };
  const { push } = startWrapper(() => stdout.columns - 1); // past the last column the cursor stands nowhere certain
  const spoken = chat.send(message, { signal, onPrefill });
  try {
    for await (const piece of spoken) {
      if (!speaks) bar.end();
      speaks = true;
      await print(isInteractive ? push(harmless(piece)) : forStdout(piece));
    }
  } catch (error) {
    if (!speaks) bar.end();
    if (!signal.aborted) throw error;
    await print('\n');
    return tell('stopped');
  }
  const result = await spoken.result;
  totals.answers++;
  totals.tokens += result.tokens.length;
  totals.ms += result.timings.decodeMs;
  state.nUsed = result.nPromptTokens + result.tokens.length;
  await print('\n');
  if (isInteractive) await tell(statusLine(state, result));
  const nMore = chat.nForgotten - nForgotten;
  if (nMore > 0) await tell(`the context is full: the ${nMore} oldest messages are left out from now on`);
}

/** `42 tokens · 31.5 tok/s · first after 0.2 s · context 12 %`. */
function statusLine({ model, nUsed }: ChatState, { tokens, timings, stopReason }: GenerateResult): string {
  const { nCtx } = model.info;
  return [
    `${tokens.length} tokens`,
    `${timings.decodeTps.toFixed(1)} tok/s`,
    `first after ${formatMs(timings.ttftMs)}`,
    `context ${Math.min(100, Math.round((100 * nUsed) / nCtx))} %`,
    ...endedBy(stopReason),
  ].join(' · ');
}

function banner(title: string, { info }: Model): string {
  const facts = [
    `${formatParams(info.nParams)} weights in ${formatBytes(info.weightBytes)}`,
    `context ${counted(info.nCtx)}`,
    `${info.backend}, ${info.threads} ${info.threads === 1 ? 'thread' : 'threads'}`,
    ...(info.activations === 'fast' ? ['fast activations'] : []),
    'offline',
  ];
  const help = '/help for the commands, Ctrl-C stops an answer, Ctrl-D leaves';
  return `\n${style.bold(harmless(title))}\n${style.dim(facts.join(' · '))}\n${style.dim(help)}\n\n`;
}
