/**
 * How models spell their calls: a row for each way. The template says which it is, since it shows the model its own earlier calls. A new way
 * is a row here, or, where calls have another shape, a reader in `calls.ts` and a grammar in `call_grammar.ts` as well.
 */
import type { Head, ObjectShape, ToolFormat, ToolWay } from './format.ts';

const object = (name: string, args: string, id?: string): ObjectShape => ({
  kind: 'object',
  keys: { name, arguments: args, ...(id !== undefined && { id }) },
});
const plain = object('name', 'arguments');

/** `functions.weather:0`, all of which is the id. */
const kimiHead: Head = {
  read: (head) => {
    const name = /^(?:functions\.)?(.+?)(?::\d+)?$/s.exec(head)?.[1];
    return name === undefined ? undefined : { name, id: head };
  },
  write: (name) => [[`functions.${name}:`, { any: 'number' }]],
};

/** `weather[CALL_ID]k3Xw0Vp2a` */
const mistralHead: Head = {
  read: (head) => {
    const [name = '', id] = head.split('[CALL_ID]');
    return { name: name.trim(), ...(id !== undefined && { id: id.trim() }) };
  },
  write: (name) => [[`${name}[CALL_ID]`, { any: 'id' }]],
};

/** `k3Xw0Vp2a<|tool_call:name|>weather` */
const solarHead: Head = {
  read: (head) => {
    const [id = '', name] = head.split('<|tool_call:name|>');
    return name === undefined ? undefined : { name: name.trim(), id: id.trim() };
  },
  write: (name) => [[{ any: 'id' }, `<|tool_call:name|>${name}`]],
};

/** `functions.weather <|constrain|>json`, or `functions.weather<|channel|>commentary json` */
const harmonyHead: Head = {
  read: (head) => {
    const name = /^functions\.([^\s<]+)/.exec(head)?.[1];
    return name === undefined ? undefined : { name };
  },
  write: (name) => [
    [`functions.${name}`],
    [`functions.${name} <|constrain|>json`],
    [`functions.${name}<|channel|>commentary json`],
    [`functions.${name}<|channel|>commentary <|constrain|>json`],
  ],
};

/** Tags of one look: `<invoke name="weather">`, `<parameter name="city">Paris</parameter>`. */
const invoking = (prefix: string, says: readonly string[], section: string): Omit<ToolFormat, 'name'> => ({
  says,
  section: { begin: `<${section}>\n`, end: `\n</${section}>` },
  begin: `<${prefix}invoke name="`,
  end: `</${prefix}invoke>`,
  between: '\n',
  shape: {
    kind: 'tagged',
    after: '">\n',
    arguments: { begin: `<${prefix}parameter name="`, middle: '">', end: `</${prefix}parameter>\n` },
  },
  tokens: [`<${section}>`, `</${section}>`],
});

/** DeepSeek 3.2 and 4 say of each parameter whether it is a text. */
const deepseek = (section: string): Omit<ToolFormat, 'name'> => {
  const row = invoking('｜DSML｜', ['｜DSML｜', `${section}>`], `｜DSML｜${section}`);
  const typed = { text: '" string="true', other: ['" string="false'], isText: /string="true/ };
  const parameters = { begin: '<｜DSML｜parameter name="', middle: '">', end: '</｜DSML｜parameter>\n', typed };
  return {
    ...row,
    shape: { kind: 'tagged', after: '">\n', arguments: parameters },
    tokens: ['｜DSML｜'],
  };
};

/** `<function=weather>` with `<parameter=city>`, inside a tag. */
const functionTags = (tag: string, lines: boolean): Omit<ToolFormat, 'name' | 'says'> => ({
  begin: `<${tag}>\n`,
  end: `\n</${tag}>`,
  between: '\n',
  shape: {
    kind: 'tagged',
    before: '<function=',
    after: '>\n',
    arguments: {
      begin: '<parameter=',
      middle: lines ? '>\n' : '>',
      end: lines ? '\n</parameter>\n' : '</parameter>\n',
      lines,
    },
    close: '</function>',
  },
  tokens: [`<${tag}>`, `</${tag}>`],
});

const keyAndValue = (suffix = '') => ({
  begin: `<arg_key${suffix}>`,
  middle: `</arg_key${suffix}>\n`,
  open: `<arg_value${suffix}>`,
  end: `</arg_value${suffix}>\n`,
});

/** The first row that a template speaks of is its own. */
export const formats: readonly ToolFormat[] = [
  {
    name: 'harmony', // gpt-oss
    says: ['<|channel|>', 'functions.'],
    begin: [
      '<|channel|>commentary ',
      '<|channel|>analysis ',
      '<|start|>assistant ',
      '<|start|>assistant<|channel|>commentary ',
      '<|start|>assistant<|channel|>analysis ',
    ],
    end: '<|end|>',
    shape: { kind: 'tagged', before: 'to=', after: '<|message|>', head: harmonyHead, arguments: 'json' },
    opened: {},
    locks: ['to=functions.'],
    space: 'free',
    tokens: ['<|channel|>', '<|start|>', '<|message|>', '<|constrain|>', '<|end|>'],
  },
  {
    name: 'kimi-k2',
    says: ['<|tool_calls_section_begin|>'],
    section: { begin: '<|tool_calls_section_begin|>', end: '<|tool_calls_section_end|>' },
    begin: '<|tool_call_begin|>',
    end: '<|tool_call_end|>',
    shape: { kind: 'tagged', after: '<|tool_call_argument_begin|>', head: kimiHead, arguments: 'json' },
    hasIds: true,
    space: 'free',
    tokens: [
      ...['<|tool_calls_section_begin|>', '<|tool_calls_section_end|>', '<|tool_call_begin|>', '<|tool_call_end|>'],
      '<|tool_call_argument_begin|>',
    ],
  },
  {
    name: 'kimi-k3',
    says: ['<|open|>', "'call'"],
    section: { begin: '<|open|>tools<|sep|>', end: '<|close|>tools<|sep|>' },
    begin: '<|open|>call tool="',
    end: '<|close|>call<|sep|>',
    shape: {
      kind: 'tagged',
      after: '<|sep|>',
      head: {
        read: (head) => {
          const name = /^([^"]+)"/.exec(head)?.[1];
          return name === undefined ? undefined : { name };
        },
        write: (name) => [[`${name}" index="`, { any: 'number' }, '"']],
      },
      arguments: {
        begin: '<|open|>argument key="',
        middle: '<|sep|>',
        end: '<|close|>argument<|sep|>',
        typed: {
          text: '" type="string"',
          other: ['number', 'boolean', 'object', 'array', 'null'].map((type) => `" type="${type}"`),
          isText: /type="string"/,
        },
      },
    },
    tokens: ['<|open|>', '<|close|>', '<|sep|>'],
  },
  { name: 'deepseek-v4', ...deepseek('tool_calls') },
  { name: 'deepseek-v3.2', ...deepseek('function_calls') },
  {
    name: 'deepseek-v3', // and R1
    says: ['<｜tool▁calls▁begin｜>', '```json'],
    section: { begin: '<｜tool▁calls▁begin｜>', end: '<｜tool▁calls▁end｜>' },
    begin: '<｜tool▁call▁begin｜>',
    end: '\n```<｜tool▁call▁end｜>',
    between: '\n',
    shape: { kind: 'tagged', before: 'function<｜tool▁sep｜>', after: '\n```json\n', arguments: 'json' },
    space: 'free',
    tokens: [
      '<｜tool▁calls▁begin｜>',
      '<｜tool▁calls▁end｜>',
      '<｜tool▁call▁begin｜>',
      '<｜tool▁call▁end｜>',
      '<｜tool▁sep｜>',
    ],
  },
  {
    name: 'deepseek-v3.1',
    says: ['<｜tool▁calls▁begin｜>'],
    section: { begin: '<｜tool▁calls▁begin｜>', end: '<｜tool▁calls▁end｜>' },
    begin: '<｜tool▁call▁begin｜>',
    end: '<｜tool▁call▁end｜>',
    shape: { kind: 'tagged', after: '<｜tool▁sep｜>', arguments: 'json' },
    space: 'free',
    tokens: [
      '<｜tool▁calls▁begin｜>',
      '<｜tool▁calls▁end｜>',
      '<｜tool▁call▁begin｜>',
      '<｜tool▁call▁end｜>',
      '<｜tool▁sep｜>',
    ],
  },
  {
    name: 'solar-open',
    says: ['<|tool_call:begin|>'],
    section: { begin: '<|tool_calls|>', end: '' },
    begin: '<|tool_call:begin|>',
    end: '<|tool_call:end|>',
    shape: { kind: 'tagged', after: '<|tool_call:args|>', head: solarHead, arguments: 'json' },
    hasIds: true,
    space: 'free',
    tokens: [
      ...['<|tool_calls|>', '<|tool_call:begin|>', '<|tool_call:end|>', '<|tool_call:name|>', '<|tool_call:args|>'],
    ],
  },
  {
    name: 'mistral-small-3.2', // between the two others
    says: ['[TOOL_CALLS]', '[CALL_ID]', '[ARGS]'],
    begin: '[TOOL_CALLS]',
    shape: { kind: 'tagged', after: '[ARGS]', head: mistralHead, arguments: 'json' },
    hasIds: true,
    space: 'free',
    tokens: ['[TOOL_CALLS]', '[CALL_ID]', '[ARGS]'],
  },
  {
    name: 'mistral-3', // Devstral, Ministral 3, Magistral
    says: ['[TOOL_CALLS]', '[ARGS]'],
    begin: '[TOOL_CALLS]',
    shape: { kind: 'tagged', after: '[ARGS]', arguments: 'json' },
    space: 'free',
    tokens: ['[TOOL_CALLS]', '[ARGS]'],
  },
  {
    name: 'mistral', // 7B 0.3, Nemo, Small 2409 and 2501, Large 2407
    says: ['[TOOL_CALLS]'],
    section: { begin: '[TOOL_CALLS]', end: '' },
    isList: true,
    shape: object('name', 'arguments', 'id'),
    hasIds: true,
    tokens: ['[TOOL_CALLS]'],
  },
  {
    name: 'command-r7b', // Command A, North, Cohere's mixture
    says: ['<|START_ACTION|>'],
    section: { begin: '<|START_ACTION|>', end: '<|END_ACTION|>' },
    isList: true,
    shape: object('tool_name', 'parameters', 'tool_call_id'),
    tokens: ['<|START_ACTION|>', '<|END_ACTION|>'],
  },
  {
    name: 'command-r', // and Command R+
    says: ['Action:', 'tool_name'],
    section: { begin: 'Action:\n```json\n', end: '\n```' },
    isList: true,
    shape: object('tool_name', 'parameters'),
    tokens: [],
  },
  {
    name: 'gemma-4',
    says: ['<|tool_call>', '<tool_call|>'],
    begin: '<|tool_call>',
    end: '<tool_call|>',
    shape: { kind: 'braces', before: 'call:', quote: '<|"|>' },
    tokens: ['<|tool_call>', '<tool_call|>', '<|"|>'],
  },
  {
    name: 'functiongemma',
    says: ['<start_function_call>'],
    begin: '<start_function_call>',
    end: '<end_function_call>',
    shape: { kind: 'braces', before: 'call:', quote: '<escape>' },
    tokens: ['<start_function_call>', '<end_function_call>', '<escape>'],
  },
  {
    name: 'minicpm-3',
    says: ['<|tool_call_start|>', '```python'],
    section: { begin: '<|tool_call_start|>\n```python\n', end: '\n```\n<|tool_call_end|>' },
    between: '\n',
    shape: { kind: 'python' },
    tokens: ['<|tool_call_start|>', '<|tool_call_end|>'],
  },
  {
    name: 'lfm2',
    says: ['<|tool_call_start|>'],
    section: { begin: '<|tool_call_start|>', end: '<|tool_call_end|>' },
    isList: true,
    shape: { kind: 'python' },
    tokens: ['<|tool_call_start|>', '<|tool_call_end|>'],
  },
  {
    name: 'olmo-3',
    says: ['<function_calls>'],
    lacks: ['<invoke', 'invoke name='],
    section: { begin: '<function_calls>', end: '</function_calls>' },
    between: '\n',
    shape: { kind: 'python' },
    tokens: ['<function_calls>', '</function_calls>'],
  },
  {
    name: 'internlm-2.5',
    says: ['<|action_start|>', '<|plugin|>'],
    begin: '<|action_start|><|plugin|>\n',
    end: '<|action_end|>',
    between: '\n',
    shape: object('name', 'parameters'),
    tokens: ['<|action_start|>', '<|plugin|>', '<|action_end|>'],
  },
  { name: 'minimax-m2', ...invoking('', ['<minimax:tool_call>'], 'minimax:tool_call') },
  { name: 'muse', ...invoking('atem:', ['<atem:function_calls>'], 'atem:function_calls') },
  { name: 'seed-oss', says: ['<seed:tool_call>'], ...functionTags('seed:tool_call', false) },
  {
    name: 'hunyuan-3',
    says: ['<tool_call{}>', ":opensource'"],
    section: { begin: '<tool_calls:opensource>\n', end: '</tool_calls:opensource>' },
    begin: '<tool_call:opensource>',
    end: '</tool_call:opensource>\n',
    shape: { kind: 'tagged', after: '<tool_sep:opensource>\n', arguments: keyAndValue(':opensource') },
    tokens: [
      ...['<tool_calls:opensource>', '</tool_calls:opensource>', '<tool_call:opensource>', '</tool_call:opensource>'],
      ...['<tool_sep:opensource>', '<arg_key:opensource>', '</arg_key:opensource>'],
      ...['<arg_value:opensource>', '</arg_value:opensource>'],
    ],
  },
  {
    name: 'glm', // 4.5 and newer, Ling 3, Laguna, Spark
    says: ['<tool_call>', '<arg_key>', '<arg_value>'],
    isLoose: true,
    begin: '<tool_call>',
    end: '</tool_call>',
    between: '\n',
    shape: { kind: 'tagged', arguments: keyAndValue() },
    tokens: ['<tool_call>', '</tool_call>', '<arg_key>', '</arg_key>', '<arg_value>', '</arg_value>'],
  },
  {
    name: 'qwen3-coder', // Qwen 3.5, Nemotron 3, Step 3.5
    says: ['<tool_call>', '<function=', '<parameter='],
    ...functionTags('tool_call', true),
  },
  {
    name: 'minicpm-5',
    says: ['<function name=', '<param name='],
    begin: '<function name="',
    end: '</function>',
    between: '\n',
    shape: {
      kind: 'tagged',
      after: '">',
      arguments: { begin: '<param name="', middle: '">', end: '</param>', wrapped: ['<![CDATA[', ']]>'] },
    },
    tokens: ['<function', '</function>', '<param', '</param>'],
  },
  {
    name: 'minimax-m1',
    says: ['<tool_calls>', 'beginning_of_sentence'],
    section: { begin: '<tool_calls>\n', end: '\n</tool_calls>' },
    between: '\n',
    shape: plain,
    tokens: [],
  },
  {
    name: 'jamba', // Apriel, too
    says: ['<tool_calls>'],
    section: { begin: '<tool_calls>', end: '</tool_calls>' },
    isList: true,
    shape: plain,
    tokens: ['<tool_calls>', '</tool_calls>'],
  },
  {
    name: 'hermes', // Qwen 2.5 and 3, Hermes, Granite 4, SmolLM3, MiMo, Bielik
    says: ['<tool_call>'],
    begin: '<tool_call>\n',
    end: '\n</tool_call>',
    between: '\n',
    shape: plain,
    tokens: ['<tool_call>', '</tool_call>'],
  },
  {
    name: 'nemotron-nano-2',
    says: ['<TOOLCALL>'],
    section: { begin: '<TOOLCALL>', end: '</TOOLCALL>' },
    isList: true,
    shape: plain,
    tokens: ['<TOOLCALL>', '</TOOLCALL>'],
  },
  {
    name: 'apertus',
    says: ['<|tools_prefix|>'],
    section: { begin: '<|tools_prefix|>', end: '<|tools_suffix|>' },
    isList: true,
    shape: { kind: 'keyed' },
    tokens: ['<|tools_prefix|>', '<|tools_suffix|>'],
  },
  {
    name: 'phi-4-mini',
    says: ['<|tool_call|>', '<|/tool_call|>'],
    section: { begin: '<|tool_call|>', end: '<|/tool_call|>' },
    isList: true,
    shape: plain,
    tokens: ['<|tool_call|>', '<|/tool_call|>'],
  },
  {
    name: 'granite-3',
    says: ['<|tool_call|>'],
    section: { begin: '<|tool_call|>', end: '' },
    isList: true,
    shape: plain,
    tokens: ['<|tool_call|>'],
  },
  {
    name: 'gigachat-3.1',
    says: ['<|function_call|>'],
    begin: '<|function_call|>',
    shape: plain,
    isSingle: true,
    tokens: ['<|function_call|>'],
  },
  {
    name: 'gigachat-3',
    says: ['function call', '<|role_sep|>', '<|message_sep|>'],
    begin: '<|message_sep|>\n\nfunction call<|role_sep|>\n',
    shape: plain,
    isSingle: true,
    tokens: ['<|message_sep|>', '<|role_sep|>'],
  },
  {
    name: 'firefunction-2',
    says: ['functools['],
    section: { begin: 'functools', end: '' },
    isList: true,
    shape: plain,
    tokens: [],
  },
  {
    name: 'functionary-3.1',
    says: ['<function='],
    begin: '<function=',
    end: '</function>',
    shape: { kind: 'tagged', after: '>', arguments: 'json' },
    tokens: [],
  },
  {
    name: 'functionary-3.2',
    says: ['>>>all'],
    begin: '>>>',
    shape: { kind: 'tagged', after: '\n', arguments: 'json' },
    opened: { text: 'all' },
    tokens: [],
  },
  {
    name: 'functionary-2',
    says: ['<|recipient|>', '<|content|>'],
    begin: '<|from|>assistant\n<|recipient|>',
    shape: { kind: 'tagged', after: '\n<|content|>', arguments: 'json' },
    opened: { text: 'all' },
    tokens: ['<|from|>', '<|recipient|>', '<|content|>'],
  },
  {
    name: 'llama-3', // 3.1, 3.2, 3.3
    says: ['<|start_header_id|>', 'ipython', '"parameters"'],
    begin: '<|python_tag|>',
    between: '; ',
    shape: object('name', 'parameters'),
    opened: {},
    isSingle: true,
    tokens: ['<|python_tag|>'],
  },
];

/** For models whose templates know no tools: they are told to call them so. */
export const generic: ToolFormat = {
  name: 'generic',
  says: [],
  begin: '<tool_call>\n',
  end: '\n</tool_call>',
  between: '\n',
  shape: plain,
  tokens: ['<tool_call>', '</tool_call>'],
};

/** What a model that reads tools says of its calls. */
export interface Caller {
  /** The source of its template. */
  readonly template: string;
  /** Whether a text is a token of the vocabulary by itself. */
  readonly isToken: (text: string) => boolean;
}

/** The way in which a model whose template reads tools spells its calls: what the template says, else what the vocabulary has tokens for. */
export function formatOf({ template, isToken }: Caller): ToolFormat {
  const lacksNone = ({ lacks = [] }: ToolFormat) => !lacks.some((text) => template.includes(text));
  return (
    formats.find((format) => format.says.every((text) => template.includes(text)) && lacksNone(format)) ??
    formats.find(({ says }) => says.every(isToken)) ??
    generic
  );
}

/** The same by its name. */
export function formatNamed(name: string): ToolFormat {
  return formats.find((format) => format.name === name) ?? generic;
}

/** As plain data. @param isToken whether a text is a token of the vocabulary by itself */
export const wayOf = ({ name, tokens }: ToolFormat, isToken: (text: string) => boolean): ToolWay => ({
  format: name,
  tokens: tokens.filter(isToken),
});
