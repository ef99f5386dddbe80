/** What a person can ask of the chat itself: lines that start with a slash. */
import type { Chat, ChatMessage, ConstraintOptions, GenerateOptions, Model } from '../../../src/index.ts';
import { suggestion, UsageError } from '../command.ts';
import { computedBy } from '../models.ts';
import { samplingNames } from '../sampling_names.ts';
import { columns, counted, formatBytes, formatParams, plural } from '../terminal.ts';
import { isGreedy } from '../sampling.ts';
import { efforts, hasSwitch, type Effort } from '../thinking.ts';
import { adapterRows, lora } from './adapters.ts';
import { completedPath, expandedPath, isTaken, readConversation, unquoted, writeWhole } from './files.ts';
import { openingOptions, readSetting, settingName, settingNames, settingRows } from './settings.ts';
import type { ChatUi } from './ui.ts';

/** The state of a chat. */
export interface ChatState {
  readonly model: Model;
  readonly title: string;
  readonly chat: Chat;
  readonly ui: ChatUi;
  /** What the template gets besides. */
  readonly templateVars: Readonly<Record<string, unknown>> | undefined;
  /** How hard the model is to think; undefined: as its template has it. */
  effort: Effort | undefined;
  showsThinking: boolean;
  /** What was set on the command line and since. */
  settings: GenerateOptions;
  /** What every answer is held to. */
  readonly heldTo: ConstraintOptions;
  /** The model may call tools; whoever is in front says what they return. */
  readonly hasTools: boolean;
  /** Sums over all answers since the chat was opened. */
  readonly totals: { answers: number; tokens: number; ms: number };
  /** Positions taken after the last answer. */
  nUsed: number;
  isLeaving: boolean;
}

/** The result of a command: a text to show, or a message to send. */
export interface SlashResult {
  readonly show?: string;
  readonly send?: string;
  /** How that is answered, where not as all the others. */
  readonly settings?: GenerateOptions;
  /** Stands in the status line of the answer. */
  readonly note?: string;
}

export interface SlashCommand {
  /** The first name is shown; others say the same elsewhere. */
  readonly names: readonly string[];
  readonly takes?: string;
  readonly help: string;
  run(state: ChatState, argument: string): SlashResult | Promise<SlashResult>;
}

export const slashCommands: readonly SlashCommand[] = [
  {
    names: ['/help', '/?', '?'],
    help: 'these commands, and the keys; ? does the same',
    run: () => ({ show: chatHelp() }),
  },
  { names: ['/show'], help: 'model, settings, system message, context', run: show },
  {
    names: ['/set'],
    takes: 'NAME VALUE',
    help: 'change a setting, as in /set temp 0.5; VALUE default takes it back',
    run: set,
  },
  {
    names: ['/system'],
    takes: 'TEXT',
    help: 'set the system message; without TEXT, show it; "" takes it away',
    run: system,
  },
  {
    names: ['/regen', '/retry'],
    help: 'another answer to the last message; where temp is 0, this one is drawn at 0.7',
    run: regenerate,
  },
  {
    names: ['/lora'],
    takes: 'NAME SCALE',
    help: 'how much of an adapter is added, or off; without NAME, show all',
    run: adapt,
  },
  { names: ['/clear', '/reset', '/new'], help: 'forget the conversation, keep the system message', run: clear },
  { names: ['/save'], takes: 'FILE', help: 'write the conversation to a JSON file', run: save },
  { names: ['/load'], takes: 'FILE', help: 'go on with a saved conversation', run: load },
  {
    names: ['/think'],
    takes: 'HOW',
    help: 'on, off, low, medium or high: whether it thinks; show or hide: whether you see it',
    run: think,
  },
  { names: ['/stats'], help: 'tokens, speed, and how full the context is', run: stats },
  { names: ['/quit', '/bye', '/exit'], help: 'leave, as Ctrl-D does; also /bye', run: leave },
];

export const slashHelp = (): string =>
  columns(
    slashCommands.map(({ names, takes = '', help }) => [`  ${names[0]} ${takes}`.trimEnd(), help]),
    '<<',
  ).join('\n');

const keysHelp = [
  ['  Ctrl-C', 'stops an answer; clears the line; twice leaves'],
  ['  Alt-Enter', 'a new line within the message; so does \\ at its end'],
  ['  """', 'begins and ends a message of several lines'],
  ['  Up, Down', 'earlier messages; those that begin like what is typed'],
  ['  Tab', 'completes commands, settings and files'],
  ['  Ctrl-O', 'shows what stands behind [pasted … lines]'],
  ['  Ctrl-L', 'clears the window'],
];

export const chatHelp = (): string =>
  `${slashHelp()}\n\n${columns(keysHelp, '<<').join('\n')}\n\nA message that begins with a slash: put a space in front.`;

/** `/set`, `/?`, `?`: but a path or a question is a message. */
export const isCommand = (line: string): boolean => /^(\/[a-z?]*(\s|$)|\?$)/i.test(line.trimEnd());

/** Runs a line that is a command. */
export async function runSlash(state: ChatState, line: string): Promise<SlashResult> {
  const [name = '', argument = ''] = line.trim().split(/\s+([^]*)/);
  const command = slashCommands.find(({ names }) => names.includes(name.toLowerCase()));
  if (command) return command.run(state, argument);
  const near = suggestion(
    name,
    slashCommands.flatMap(({ names }) => names),
  );
  return { show: `there is no command ${name}${near || '; /help shows them all'}` };
}

/** What could follow: the rest of a command, a setting or a path. */
export function completions(before: string): string[] {
  const rest = (words: readonly string[], begun: string) =>
    words.filter((word) => word.startsWith(begun) && word !== begun).map((word) => word.slice(begun.length));
  const found = /^(\/\w*)(?:\s+([^]*))?$/.exec(before);
  if (!found) return [];
  const [, name = '', argument] = found;
  if (argument === undefined)
    return rest(
      slashCommands.map(({ names, takes }) => (takes === undefined ? names[0]! : `${names[0]} `)),
      name,
    );
  if (name === '/set')
    return rest(
      settingNames.map((setting) => `${setting} `),
      argument,
    );
  if (name === '/think') return rest([...efforts, ...Object.keys(showing)], argument);
  return ['/save', '/load'].includes(name) ? completedPath(argument) : [];
}

function adapt(state: ChatState, argument: string): SlashResult {
  return { show: lora(state, argument) };
}

function clear({ chat }: ChatState): SlashResult {
  chat.clear();
  return { show: 'the conversation is forgotten' };
}

function leave(state: ChatState): SlashResult {
  state.isLeaving = true;
  return {};
}

const systemOf = ({ messages }: Chat): string | undefined => {
  const [first] = messages;
  return first?.role === 'system' && typeof first.content === 'string' ? first.content : undefined;
};

function system({ chat }: ChatState, given: string): SlashResult {
  if (given === '') return { show: systemOf(chat) ?? 'there is no system message' };
  const content = unquoted(given);
  const nOld = chat.messages[0]?.role === 'system' ? 1 : 0;
  if (content === '') {
    chat.messages.splice(0, nOld);
    return { show: nOld > 0 ? 'the system message is gone' : 'there is no system message' };
  }
  chat.messages.splice(0, nOld, { role: 'system', content });
  return { show: 'the model is told so from the next message on' };
}

/** `/set temp 0.5`, also `/set temp=0.5` and `/set parameter temp 0.5` as others have it. */
function set(state: ChatState, argument: string): SlashResult | Promise<SlashResult> {
  const [, given, value = ''] = /^(?:parameter\s+)?([^\s=]+)(?:(?:\s*=\s*|\s+)([^]+))?$/.exec(argument.trim()) ?? [];
  if (given === undefined) return { show: `${settingsInForce(state)}\n\nall settings: ${settingNames.join(', ')}` };
  const name = settingName(given);
  if (name === 'system') return system(state, value === 'default' ? '""' : value);
  if (name === 'think' || name === 'nothink') return think(state, name === 'nothink' ? 'off' : value || 'on');
  if (name in openingOptions)
    return { show: `${name} holds from the start: thimble chat --${name} ${value || 'VALUE'}` };
  try {
    if (value === '') return { show: oneSetting(state, name) };
    const names = Object.keys(readSetting(name, value === 'default' || value === '-1' ? '1' : value));
    const rest = Object.fromEntries(Object.entries(state.settings).filter(([key]) => !names.includes(key)));
    state.settings = value === 'default' ? rest : { ...rest, ...readSetting(name, value) };
    return { show: oneSetting(state, name) };
  } catch (error) {
    if (error instanceof UsageError) return { show: error.message };
    throw error;
  }
}

/** Words for whether thoughts are shown. */
const showing: Readonly<Record<string, boolean>> = { show: true, hide: false };

async function think(state: ChatState, given: string): Promise<SlashResult> {
  const word = given.toLowerCase();
  const effort = efforts.find((each) => each === word);
  if (word in showing) {
    state.showsThinking = showing[word]!;
    return { show: state.showsThinking ? 'thoughts are shown' : 'thoughts are hidden' };
  }
  if (word === 'default') state.effort = undefined;
  else if (effort !== undefined) state.effort = effort;
  else if (word !== '') return { show: `/think takes ${[...efforts, ...Object.keys(showing)].join(', ')} or default` };
  const told = `thinking: ${thinkingOf(state)}`;
  if (effort === undefined || (await hasSwitch(state.model, effort))) return { show: told };
  return { show: `${told}\nbut this model's template does not ask whether to think` };
}

const thinkingOf = ({ effort, showsThinking }: ChatState): string =>
  `${effort ?? 'as its template decides'}; thoughts are ${showsThinking ? 'shown' : 'hidden'}`;

/** What holds for the next answer: a value that was set here goes before the model's own. */
function settingsTable({ settings, model }: ChatState): string[][] {
  const own = settingRows(settings, 'set here');
  const preset = settingRows(model.info.sampling, "the model's");
  return [...own, ...preset.filter(([name]) => !own.some(([other]) => other === name))];
}

function settingsInForce(state: ChatState): string {
  const rows = settingsTable(state);
  return rows.length === 0
    ? 'all settings have their defaults'
    : `${columns(rows, '<<<').join('\n')}\nthe others have their defaults`;
}

function oneSetting(state: ChatState, name: string): string {
  const canonical = Object.keys(samplingNames).find((option) => option === name);
  const row = settingsTable(state).find(([other]) => other === name);
  if (row) return `${row[0]} ${row[1]}, ${row[2]}`;
  if (canonical !== undefined) return `${name} has its default`;
  return `there is no setting ${name}${suggestion(name, settingNames) || '; /set lists them'}`;
}

function show(state: ChatState): SlashResult {
  const { model, title, chat } = state;
  const { info } = model;
  const facts = [
    [
      'model',
      `${title}, ${info.architecture}, ${formatParams(info.nParams)} weights in ${formatBytes(info.weightBytes)}`,
    ],
    ['runs on', `${computedBy(info)}, ${info.activations} activations`],
    ...adapterRows(state).map(([name, scale, kind]) => ['adapter', `${name} ${scale}, ${kind}`]),
    ['context', contextUse(state)],
    ['system', systemOf(chat) ?? 'none'],
    ...(info.thoughts ? [['thinking', thinkingOf(state)]] : []),
  ];
  return { show: `${columns(facts, '<<').join('\n')}\n\n${settingsInForce(state)}` };
}

function regenerate(state: ChatState): SlashResult {
  const { messages } = state.chat;
  const at = messages.findLastIndex(({ role }) => role === 'user');
  const question = messages[at];
  if (typeof question?.content !== 'string') return { show: 'there is nothing to answer yet' };
  const isAnswered = at < messages.length - 1;
  messages.splice(at);
  return { send: question.content, ...(isAnswered && drawnAnew(state)) };
}

const anotherTemperature = 0.7;

/** The same settings would make the same answer where nothing is drawn, or always the same. */
function drawnAnew({ settings, model }: ChatState): Pick<SlashResult, 'settings' | 'note'> {
  if (!isGreedy(settings, model.info.sampling)) {
    const { seed, ...others } = settings;
    return seed === undefined ? {} : { settings: others, note: 'another seed this time' };
  }
  const { seed: _seed, temperature: _temperature, topK: _topK, ...others } = settings;
  return { settings: { ...others, temperature: anotherTemperature }, note: `temp ${anotherTemperature} this time` };
}

async function save({ chat, title, ui }: ChatState, given: string): Promise<SlashResult> {
  if (given === '') return { show: 'which file? /save FILE' };
  const path = expandedPath(given);
  if ((await isTaken(path)) && !(await ui.confirm(`${path} is there already. Replace it?`)))
    return { show: `${path} stays as it is; give another name` };
  const saved = { model: title, messages: chat.messages };
  await writeWhole(path, `${JSON.stringify(saved, undefined, 2)}\n`);
  return { show: `saved ${plural(chat.messages.length, 'message')} to ${path}` };
}

/** How many of the loaded messages are shown: the last exchange. */
const nRecalled = 2;

async function load(state: ChatState, given: string): Promise<SlashResult> {
  if (given === '') return { show: 'which file? /load FILE' };
  const { chat, model, title, ui } = state;
  const path = expandedPath(given);
  const { messages, model: other } = await readConversation(path);
  if (messages.length === 0) return { show: `${path} holds no messages; the conversation stays as it is` };
  const { length: nTokens } = await model.tokenize({ messages }); // the template may refuse them: then all stays as it was
  chat.clear();
  chat.messages.splice(0, Infinity, ...messages);
  state.nUsed = nTokens;
  const from = other === undefined || other === title ? '' : `, which were said with ${other}`;
  const shown = messages
    .filter(({ role, content }) => role !== 'system' && typeof content === 'string')
    .slice(-nRecalled);
  for (const { role, content } of shown) await ui.recall(role, String(content));
  return { show: `going on after ${plural(messages.length, 'message')} from ${path}${from}${unanswered(messages)}` };
}

const unanswered = (messages: readonly ChatMessage[]): string =>
  messages.at(-1)?.role === 'user' ? '; the last one has no answer, /regen asks for it' : '';

function stats(state: ChatState): SlashResult {
  const { chat, totals } = state;
  const rate = totals.ms > 0 ? `, ${((1000 * totals.tokens) / totals.ms).toFixed(1)} tok/s` : '';
  const forgotten = chat.nForgotten > 0 ? `, the oldest ${chat.nForgotten} left out` : '';
  return {
    show: [
      `${plural(totals.answers, 'answer')}, ${plural(totals.tokens, 'token')}${rate}`,
      `context ${contextUse(state)}`,
      `conversation of ${plural(chat.messages.length, 'message')}${forgotten}`,
    ].join('\n'),
  };
}

function contextUse({ model, nUsed }: ChatState): string {
  const { nCtx } = model.info;
  const used = Math.min(nUsed, nCtx);
  return `${counted(used)} of ${counted(nCtx)} positions (${Math.round((100 * used) / nCtx)} %)`;
}
