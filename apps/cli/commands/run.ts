import { env, stdin, stdout } from 'node:process';
import type { AnswerPart, SaidPart, Generation, GenerateResult, Model, Prompt } from '../../../src/index.ts';
import { historyOption } from '../chat/history.ts';
import { UsageError, type Arguments, type Command } from '../command.ts';
import { constraintOptions, isHeld, readConstraint } from '../constraints.ts';
import { decodeUtf8, readStdin } from '../input.ts';
import {
  checkTokens,
  computedByJson,
  draftOption,
  modelOptions,
  modelPath,
  readDraft,
  readModelOptions,
  withModel,
} from '../models.ts';
import { pagedBy, pagedByJson } from '../paging.ts';
import { endedBy, isGreedy, readSampling, samplingOptions } from '../sampling.ts';
import { readChatTemplate, templateOption } from '../template_vars.ts';
import { readEffort, readTemplate, thinkingOptions, thoughtsAlone } from '../thinking.ts';
import { callsAsText, readTools, toolsOption } from '../tools.ts';
import { counted, forStdout, formatMs, plural, print, printJson, progressBar, remark, rounded } from '../terminal.ts';
import { chat } from './chat.ts';

export const run: Command = {
  summary: 'answer one prompt, or chat',
  usage: 'MODEL [PROMPT] [options]',
  about: `The prompt goes through the model's chat template as a user message, unless --raw says to go on from the text as it is.
What comes in on stdin stands in front of it, with a blank line between, or is the prompt itself. Without any of them, a
terminal gets a chat.

--json prints one object: text, thinking (of a model that thinks), tool_calls (with --tools: id, name, arguments), tokens (the ids generated), prompt_tokens (how many), stop_reason (eos: the model ended;
stop: a stop text came; length: -n was reached; full: the context was; loop: it went round in circles; abort: it was stopped), load_ms, prefill_tps and decode_tps (tokens per second), ttft_ms (time to
the first token), backend (what computed; on a GPU also gpu, what is known of it); with --memory also bytes_read, bytes_per_token, wait_ms, pack_ms.`,
  positionals: [1, Infinity],
  options: {
    prompt: { short: 'p', value: 'TEXT', help: 'the prompt, where it is no argument' },
    system: { value: 'TEXT', help: 'the system message: tells the model what to be' },
    raw: { help: 'no chat template: go on from the text, after BOS if the model asks for it' },
    json: { help: 'print one JSON object and nothing else' },
    shift: { help: 'when the context is full, leave out what is oldest and go on (default: end the answer)' },
    special: { rare: true, help: 'with --raw, control tokens spelled out in the prompt count as such' },
    ...constraintOptions,
    ...toolsOption,
    ...samplingOptions,
    ...thinkingOptions,
    ...templateOption,
    ...draftOption,
    ...historyOption,
    ...modelOptions,
  },
  examples: [
    ['thimble run smollm2 "Why is the sky blue?"', 'one answer, streamed'],
    ['thimble run smollm2', 'a chat'],
    ['thimble run smollm2 "Sum this up in one sentence." < README.md', 'a question about a text'],
    ['thimble run smollm2 --raw --prompt "Once upon a time" --temp 0 -n 40', 'plain continuation, always the same'],
    ['echo "Say hello in French" | thimble run smollm2 --json', 'for programs'],
    ['thimble run smollm2 "Who is Ada Lovelace?" --schema person.json', 'an answer that is JSON of this form'],
  ],
  async run(args, signal, onInterrupt) {
    const [given, ...words] = args.positionals as readonly [string, ...string[]];
    checkTogether(args);
    const asked = promptOf(args, words);
    const onFull = args.flag('shift') ? 'shift' : 'stop';
    const options = { onFull, ...readConstraint(args), ...readSampling(args) } as const;
    if (asked === undefined && wantsChat(args)) return chat.run(args, signal, onInterrupt);
    const opening = {
      ...readModelOptions(args),
      chatTemplate: readChatTemplate(args),
      draft: await readDraft(args, signal),
      signal,
    };
    await modelPath(given, signal); // a wrong path is told before stdin is waited for
    await checkTokens(given, options, signal);
    const text = await withStdin(asked, signal);
    if ((args.flag('raw') ? text : text.trim()) === '') throw new UsageError('the prompt is empty; say something');
    await withModel(given, opening, async (model) => {
      const reading = startReading();
      const how = { ...options, signal, onPrefill: reading.update };
      const answer: Generation<string | AnswerPart> = tellsApart(args)
        ? model.generate(promptFor(model, args, text), { ...how, thinking: 'split' })
        : model.generate(promptFor(model, args, text), how);
      void answer.result.catch(() => undefined).finally(reading.end);
      if (args.flag('json')) {
        const result = await answer.result;
        if (result.tokens.length === 0) signal.throwIfAborted(); // stopped before there was anything to tell
        return printJson(toJson(result, model));
      }
      const isPlain = args.flag('raw') || isHeld(args); // what programs read is no Markdown
      await show(callsAsText(heard(answer, reading.end, args.flag('hide-thinking'))), isPlain);
      tellHow(await answer.result, isGreedy(options, model.info.sampling));
    });
  },
};

/** Options that contradict each other. */
function checkTogether(args: Arguments): void {
  const isRaw = args.flag('raw');
  const effort = readEffort(args);
  if (isRaw && args.text('system') !== undefined)
    throw new UsageError('--system needs the chat template; leave out --raw');
  const ofTemplates = ['template-vars', 'chat-template'].find((name) => args.text(name) !== undefined);
  if (isRaw && ofTemplates) throw new UsageError(`--${ofTemplates} is for chat templates; leave out --raw`);
  if (isRaw && effort !== undefined) throw new UsageError('--think needs the chat template; leave out --raw');
  if (isRaw && args.text('tools') !== undefined)
    throw new UsageError('--tools needs the chat template; leave out --raw');
  if (!isRaw && args.flag('special')) throw new UsageError('--special is for --raw; say both or none');
}

function promptOf(args: Arguments, words: readonly string[]): string | undefined {
  const named = args.text('prompt');
  if (words.length === 0) return named;
  if (named === undefined) return words.join(' ');
  throw new UsageError(`unexpected argument ${JSON.stringify(words[0])}: there is a --prompt already`);
}

/** A person in front, who has asked nothing yet. */
function wantsChat(args: Arguments): boolean {
  if (!stdin.isTTY) return false;
  const silent = ['raw', 'json', 'shift'].find((name) => args.flag(name));
  if (stdout.isTTY && silent === undefined) return true;
  throw new UsageError(
    `there is no prompt: thimble run MODEL "PROMPT"${silent ? `; --${silent} is for one answer` : ''}`,
  );
}

/** What comes in on stdin stands before the question about it. */
async function withStdin(asked: string | undefined, signal: AbortSignal): Promise<string> {
  if (stdin.isTTY) return asked ?? '';
  const hint = asked === undefined ? undefined : 'reading stdin, which goes before the prompt; < /dev/null for none';
  const read = withoutLastBreak(decodeUtf8(await readStdin(signal, hint), 'stdin'));
  return [read, asked].filter((part) => part !== undefined && part !== '').join('\n\n');
}

const withoutLastBreak = (text: string): string => text.replace(/\r?\n$/, '');

/** The text given with --prompt, or else stdin. */
export async function readPrompt(args: Arguments, signal: AbortSignal): Promise<string> {
  const given = args.text('prompt');
  if (given !== undefined) return given;
  if (stdin.isTTY) throw new UsageError('--prompt is missing, and nothing comes in on stdin');
  return withoutLastBreak(decodeUtf8(await readStdin(signal), 'stdin'));
}

function promptFor({ info }: Model, args: Arguments, text: string): Prompt {
  const templateVars = readTemplate(args);
  const tools = readTools(args);
  if (!args.flag('raw'))
    return {
      messages: messages(args.text('system'), text),
      ...(tools && { tools }),
      ...(templateVars && { templateVars }),
    };
  return { text, special: args.flag('special'), bos: info.bosToken !== undefined };
}

/** A bar while the prompt is read; room made inside an answer is not shown. */
function startReading() {
  const bar = progressBar('reading');
  let isOver = false;
  return {
    update(nDone: number, nTotal: number): void {
      if (!isOver && nDone < nTotal) bar.update(nDone, nTotal, `${counted(nDone)} of ${counted(nTotal)} tokens`);
    },
    end(): void {
      isOver = true;
      bar.end();
    },
  };
}

/** The parts that are to be seen; `onFirst` is called before the first of all. Text that nobody tells apart is the answer's. */
async function* heard(
  answer: AsyncIterable<string | AnswerPart>,
  onFirst: () => void,
  hidesThoughts: boolean,
): AsyncGenerator<AnswerPart> {
  for await (const piece of answer) {
    onFirst();
    const part = typeof piece === 'string' ? ({ type: 'text', text: piece } as const) : piece;
    if (part.type !== 'thinking' || !hidesThoughts) yield part;
  }
}

const hasScreen = (): boolean => stdout.isTTY && env['TERM'] !== 'dumb';

/** A pipe gets all that the model says, as it says it, unless thoughts are to be hidden. */
const tellsApart = (args: Arguments): boolean =>
  args.flag('hide-thinking') ||
  args.flag('json') ||
  args.text('tools') !== undefined ||
  (hasScreen() && !args.flag('raw'));

/** The answer as it comes. */
const show = (answer: AsyncIterable<SaidPart>, isPlain: boolean): Promise<void> =>
  hasScreen() ? showOnScreen(answer, isPlain) : showAsItIs(answer);

/** How it went. */
function tellHow(result: GenerateResult, isGreedy: boolean): void {
  remark('');
  remark(statusItems(result, isGreedy).map((item, i, { length }) => (i < length - 1 ? `${item} ·` : item)));
}

async function showOnScreen(answer: AsyncIterable<SaidPart>, isPlain: boolean): Promise<void> {
  const { startAnswerStream } = await import('../markdown/stdout.ts'); // most commands need no grammars
  const stream = startAnswerStream({ isPlain });
  try {
    for await (const part of answer) stream.push(part);
  } finally {
    stream.end();
  }
}

async function showAsItIs(answer: AsyncIterable<SaidPart>): Promise<void> {
  let before: SaidPart['type'] | undefined;
  try {
    for await (const { type, text } of answer) {
      const isNew = before !== undefined && before !== type && !text.startsWith('\n\n');
      await print((isNew ? '\n\n' : '') + forStdout(text));
      before = type;
    }
  } catch (error) {
    if (before !== undefined) await print('\n'); // what comes next stands on a line of its own
    throw error;
  }
  await print('\n');
}

function messages(system: string | undefined, content: string) {
  const first = system === undefined ? [] : [{ role: 'system', content: system }];
  return [...first, { role: 'user', content }];
}

function toJson(
  { text, thinking, toolCalls, tokens, nPromptTokens, stopReason, timings }: GenerateResult,
  { info }: Model,
) {
  return {
    text,
    ...(thinking ? { thinking } : {}),
    ...(toolCalls ? { tool_calls: toolCalls } : {}),
    tokens,
    prompt_tokens: nPromptTokens,
    stop_reason: stopReason,
    load_ms: rounded(timings.loadMs),
    prefill_tps: rounded(timings.prefillTps),
    decode_tps: rounded(timings.decodeTps),
    ttft_ms: rounded(timings.ttftMs),
    ...pagedByJson(timings),
    ...computedByJson(info),
  };
}

/** `42 tokens`, `31.5 tok/s`, `first after 0.2 s`, `prompt 17 at 120 tok/s`, `seed 7`. Where nothing is drawn the seed says nothing. */
function statusItems(result: GenerateResult, isGreedy: boolean): string[] {
  const { tokens, nPromptTokens, timings, seed, stopReason, speculation } = result;
  const { decodeTps, ttftMs, prefillTps, loadMs } = timings;
  return [
    plural(tokens.length, 'token'),
    `${decodeTps.toFixed(1)} tok/s`,
    `first after ${formatMs(ttftMs)}`,
    `prompt ${nPromptTokens} at ${prefillTps.toFixed(0)} tok/s`,
    `loaded in ${formatMs(loadMs)}`,
    ...(isGreedy ? [] : [`seed ${seed}`]),
    ...thoughtsAlone(result),
    ...endedBy(stopReason),
    ...pagedBy(timings),
    ...(speculation ? [`${speculation.nAccepted} of ${speculation.nDrafted} guesses right`] : []),
  ];
}
