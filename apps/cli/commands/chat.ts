import { env, stdin, stdout } from 'node:process';
import { UnsupportedError, type Chat, type Model } from '../../../src/index.ts';
import { historyOption, historyPath } from '../chat/history.ts';
import { holdKeys } from '../chat/held_keys.ts';
import { PlainUi } from '../chat/plain_ui.ts';
import { completions, slashHelp } from '../chat/slash.ts';
import { talk } from '../chat/talk.ts';
import type { ChatUi } from '../chat/ui.ts';
import type { Arguments, Command } from '../command.ts';
import { constraintOptions, isHeld, readConstraint } from '../constraints.ts';
import { windowWidth } from '../layout.ts';
import {
  checkTokens,
  computedBy,
  defaultModel,
  draftOption,
  modelOptions,
  modelTitle,
  readDraft,
  readModelOptions,
  withModel,
} from '../models.ts';
import { readSampling, samplingOptions } from '../sampling.ts';
import { readChatTemplate, readTemplateVars, templateOption } from '../template_vars.ts';
import { readEffort, thinkingOptions } from '../thinking.ts';
import { readTools, toolsOption } from '../tools.ts';
import { counted, formatBytes, formatParams, harmless, print, style } from '../terminal.ts';
import { wrapWords } from '../wrap_words.ts';

export const chat: Command = {
  summary: `talk to a model (${defaultModel} unless another is named)`,
  usage: '[MODEL] [options]',
  about: `Ctrl-C stops an answer and keeps what there is of it; while nothing is being answered, twice leaves, as Ctrl-D does. What is pasted is
one message, and so is everything between two lines of """. What is typed while the model speaks waits for its turn. A conversation may
outgrow the context: the oldest turns are then left out, and you are told.

Messages are kept for the arrow keys in a file that only you can read, unless --no-history says not to, or THIMBLE_NO_HISTORY=1.

In the chat:
${slashHelp()}

With --tools the model's calls are shown, and nothing is run: your next message is what the call returns, one message for each.

From a pipe, every line is one message, whatever is in it, and only the answers go to stdout.`,
  positionals: [0, 1],
  options: {
    system: { value: 'TEXT', help: 'the system message: tells the model what to be' },
    ...historyOption,
    ...thinkingOptions,
    ...templateOption,
    ...constraintOptions,
    ...toolsOption,
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
    const settings = readSampling(args);
    const heldTo = readConstraint(args);
    const tools = readTools(args);
    const templateVars = readTemplateVars(args);
    const effort = readEffort(args);
    const opening = {
      ...readModelOptions(args),
      chatTemplate: readChatTemplate(args),
      draft: await readDraft(args, signal),
      signal,
    };
    const given = args.positionals[0] ?? defaultModel;
    await checkTokens(given, settings, signal);
    const releaseKeys = hasScreen() ? holdKeys() : () => undefined;
    await withModel(given, opening, async (model) => {
      if (model.info.noChat !== undefined) throw new UnsupportedError(model.info.noChat);
      const title = modelTitle(given, model);
      const chat: Chat = model.chat({ onFull: 'shift', system: args.text('system'), ...(tools && { tools }) });
      const ui = await openUi(args, title, { model, releaseKeys });
      const totals = { answers: 0, tokens: 0, ms: 0 };
      const thinking = { templateVars, effort, showsThinking: !args.flag('hide-thinking') };
      const state = {
        model,
        title,
        chat,
        ui,
        settings,
        heldTo,
        hasTools: tools !== undefined,
        ...thinking,
        totals,
        nUsed: 0,
        isLeaving: false,
      };
      await talk(state, signal, onInterrupt);
    }).finally(releaseKeys);
  },
};

/** A terminal that can move its cursor. */
const hasScreen = (): boolean => stdin.isTTY && stdout.isTTY && env['TERM'] !== 'dumb';

interface Opened {
  readonly model: Model;
  readonly releaseKeys: () => void;
}

async function openUi(args: Arguments, title: string, { model, releaseKeys }: Opened): Promise<ChatUi> {
  if (!hasScreen()) return new PlainUi();
  await print(banner(title, model));
  const keepsNone = args.flag('no-history') || Boolean(env['THIMBLE_NO_HISTORY']);
  const { TerminalUi } = await import('../chat/terminal_ui.ts'); // its grammars would slow down the other commands
  releaseKeys();
  const historyFile = keepsNone ? undefined : historyPath();
  return new TerminalUi({ complete: completions, historyPath: historyFile, isPlain: isHeld(args) });
}

function banner(title: string, { info }: Model): string {
  const facts = [
    `${formatParams(info.nParams)} weights in ${formatBytes(info.weightBytes)}`,
    `context ${counted(info.nCtx)}`,
    computedBy(info),
    ...(info.adapters.length > 0 ? [`with ${info.adapters.map(({ name }) => harmless(name)).join(', ')}`] : []),
    ...(info.activations === 'fast' ? ['fast activations'] : []),
    'offline',
  ];
  const width = windowWidth() - 1;
  const parts = facts.map((fact, i) => (i < facts.length - 1 ? `${fact} ·` : fact));
  const words = parts.flatMap((part) => (part.length > width ? part.split(' ') : [part])); // drivers have long names
  const rows = wrapWords(words, { width }).map(style.dim);
  return `\n${style.bold(harmless(title))}\n${rows.join('\n')}\n\n`;
}
