import type { ObjectShape, ToolFormat } from './format.ts';

const object = (name: string, args: string, id?: string): ObjectShape => ({
  kind: 'object',
  keys: { name, arguments: args, ...(id !== undefined && { id }) },
});
const plain = object('name', 'arguments');

/** Formats whose calls are one value each: an object of JSON, a call in Python, Gemma's braces. */
export const valueFormats: readonly ToolFormat[] = [
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
