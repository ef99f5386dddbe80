import type { Head, ToolFormat } from './format.ts';

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
  write: (name) => [[{ any: 'word' }, `<|tool_call:name|>${name}`]],
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

/** What calls of DeepSeek V3 are marked with. */
const deepseekTokens: readonly string[] = [
  ...['<｜tool▁calls▁begin｜>', '<｜tool▁calls▁end｜>', '<｜tool▁call▁begin｜>', '<｜tool▁call▁end｜>'],
  '<｜tool▁sep｜>',
];

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

const keyAndValue = (suffix: string, before: string) => ({
  begin: `${before}<arg_key${suffix}>`,
  middle: `</arg_key${suffix}>\n`,
  open: `<arg_value${suffix}>`,
  end: `</arg_value${suffix}>\n`,
});

/** Formats whose calls have marks around names and arguments. Where several rows fit a template, the first is its own. */
export const taggedFormats: readonly ToolFormat[] = [
  {
    name: 'harmony', // gpt-oss
    says: ['<|channel|>', 'functions.'],
    shape: { kind: 'message' },
    isSingle: true,
    space: 'free',
    tokens: ['<|start|>', '<|channel|>', '<|constrain|>', '<|message|>', '<|end|>'],
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
    tokens: deepseekTokens,
  },
  {
    name: 'deepseek-v3.1',
    says: ['<｜tool▁calls▁begin｜>'],
    section: { begin: '<｜tool▁calls▁begin｜>', end: '<｜tool▁calls▁end｜>' },
    begin: '<｜tool▁call▁begin｜>',
    end: '<｜tool▁call▁end｜>',
    shape: { kind: 'tagged', after: '<｜tool▁sep｜>', arguments: 'json' },
    space: 'free',
    tokens: deepseekTokens,
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
    name: 'minimax-m3',
    says: [']<]minimax[>['],
    section: { begin: ']<]minimax[>[<tool_call>\n', end: '\n]<]minimax[>[</tool_call>' },
    begin: ']<]minimax[>[<invoke name="',
    end: ']<]minimax[>[</invoke>',
    between: '\n',
    shape: { kind: 'tree', after: '">', mark: ']<]minimax[>[' },
    tokens: [']<]minimax[>[', '<tool_call>', '</tool_call>'],
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
    shape: { kind: 'tagged', after: '<tool_sep:opensource>\n', arguments: keyAndValue(':opensource', '') },
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
    end: '\n</tool_call>',
    between: '\n',
    shape: { kind: 'tagged', arguments: keyAndValue('', '\n') },
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
];
