/**
 * What models of each format say, as their templates and their makers' examples have it: texts, calls and thoughts in their order. Of a
 * call: name and arguments.
 */
export type Sample = readonly [format: string, answer: string, parts: readonly (string | Call)[]];
export type Call = readonly [name: string, args: unknown, id?: string];

const weather = (city = 'Paris', days = 3): Call => ['weather', { city, days }];
const now: Call = ['now', { zone: 'Europe/Paris' }];

export const samples: readonly Sample[] = [
  [
    'hermes',
    'Let me look.\n<tool_call>\n{"name": "weather", "arguments": {"city": "Paris", "days": 3}}\n</tool_call>',
    ['Let me look.', weather()],
  ],
  [
    'hermes',
    '<tool_call>\n{"name": "weather", "arguments": {"city": "Paris", "days": 3}}\n</tool_call>\n<tool_call>\n{"name": "now", "arguments": {"zone": "Europe/Paris"}}\n</tool_call>\nDone, I think.',
    [weather(), now, 'Done, I think.'],
  ],
  [
    'hermes',
    '<tool_call>{"arguments": {"city": "a\\"}</tool_call>\\n", "days": 3}, "name": "weather"}</tool_call>',
    [weather('a"}</tool_call>\n')],
  ],
  ['hermes', '<tool_call>\n{"name": "now"}\n</tool_call>', [['now', {}]]],
  ['hermes', '<tool_call>{"name":"now","arguments":"{\\"zone\\": \\"UTC\\"}"}</tool_call>', [['now', { zone: 'UTC' }]]],
  ['hermes', 'I would write <tool_call>, and then a name.', ['I would write <tool_call>, and then a name.']],
  ['hermes', 'a < b, <tool', ['a < b, <tool']],
  ['hermes', '<tool_call>\n{"nam": 1}\n</tool_call> x', ['<tool_call>\n{"nam": 1}\n</tool_call> x']],
  [
    'mistral',
    '[TOOL_CALLS] [{"name": "weather", "arguments": {"city": "Paris", "days": 3}, "id": "D681PevKs"}, {"name": "now", "arguments": {"zone": "Europe/Paris"}}]',
    [weather(), now],
  ],
  ['mistral', '[TOOL_CALLS][{"id": "D681PevKs", "name": "now", "arguments": {}}]', [['now', {}, 'D681PevKs']]],
  [
    'mistral-3',
    'One moment.[TOOL_CALLS]weather[ARGS]{"city": "Paris", "days": 3}[TOOL_CALLS]now[ARGS]{"zone": "Europe/Paris"}',
    ['One moment.', weather(), now],
  ],
  [
    'mistral-small-3.2',
    '[TOOL_CALLS]weather[CALL_ID]bbc5b7ede[ARGS]{"city": "Paris", "days": 3}',
    [['weather', { city: 'Paris', days: 3 }, 'bbc5b7ede']],
  ],
  [
    'command-r7b',
    '<|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "weather", "parameters": {"city": "Paris", "days": 3}},\n    {"tool_call_id": "1", "tool_name": "now", "parameters": {"zone": "Europe/Paris"}}\n]<|END_ACTION|>',
    [weather(), now],
  ],
  [
    'command-r',
    'Action:\n```json\n[\n    {\n        "tool_name": "weather",\n        "parameters": {\n            "city": "Paris",\n            "days": 3\n        }\n    }\n]\n```',
    [weather()],
  ],
  ['granite-3', '<|tool_call|>[{"name": "weather", "arguments": {"city": "Paris", "days": 3}}]', [weather()]],
  [
    'phi-4-mini',
    '<|tool_call|>[{"name": "weather", "arguments": {"city": "Paris", "days": 3}}]<|/tool_call|>',
    [weather()],
  ],
  [
    'nemotron-nano-2',
    '<TOOLCALL>[{"name": "weather", "arguments": {"city": "Paris", "days": 3}}]</TOOLCALL>\n',
    [weather()],
  ],
  ['nemotron-nano-2', '<TOOLCALL>[]</TOOLCALL>None is needed.', ['None is needed.']],
  [
    'minimax-m3',
    'I look.]<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="weather">]<]minimax[>[<city>Paris]<]minimax[>[</city>]<]minimax[>[<days>3]<]minimax[>[</days>]<]minimax[>[</invoke>\n]<]minimax[>[<invoke name="now">]<]minimax[>[<zone>Europe/Paris]<]minimax[>[</zone>]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>',
    ['I look.', weather(), now],
  ],
  [
    'minimax-m3',
    ']<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name="mixed">]<]minimax[>[<list>]<]minimax[>[<item>1.5]<]minimax[>[</item>]<]minimax[>[<item>x <b>]<]minimax[>[</item>]<]minimax[>[</list>]<]minimax[>[<more>]<]minimax[>[<a>]<]minimax[>[<b>false]<]minimax[>[</b>]<]minimax[>[</a>]<]minimax[>[</more>]<]minimax[>[<either>a < b\n]<]minimax[>[</either>]<]minimax[>[<ok>true]<]minimax[>[</ok>]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>',
    [['mixed', { list: [1.5, 'x <b>'], more: { a: { b: false } }, either: 'a < b\n', ok: true }]],
  ],
  [
    'minimax-m1',
    '<tool_calls>\n{"name": "weather", "arguments": {"city": "Paris", "days": 3}}\n{"name": "now", "arguments": {"zone": "Europe/Paris"}}\n</tool_calls>',
    [weather(), now],
  ],
  [
    'jamba',
    '<tool_calls>[\n  {"name": "weather", "arguments": {"city": "Paris", "days": 3}}\n]</tool_calls>',
    [weather()],
  ],
  [
    'apertus',
    'Sure.<|tools_prefix|>[{"weather": {"city": "Paris", "days": 3}}, {"now": {"zone": "Europe/Paris"}}]<|tools_suffix|>',
    ['Sure.', weather(), now],
  ],
  ['firefunction-2', ' functools[{"name": "weather", "arguments": {"city": "Paris", "days": 3}}]', [weather()]],
  ['gigachat-3.1', '<|function_call|>{"name": "weather", "arguments": {"city": "Paris", "days": 3}}', [weather()]],
  [
    'gigachat-3',
    '<|message_sep|>\n\nfunction call<|role_sep|>\n{"name": "weather", "arguments": {"city": "Paris", "days": 3}}',
    [weather()],
  ],
  [
    'internlm-2.5',
    'I need the weather.<|action_start|><|plugin|>\n{"name": "weather", "parameters": {"city": "Paris", "days": 3}}<|action_end|>\n',
    ['I need the weather.', weather()],
  ],
  ['llama-3', '{"name": "weather", "parameters": {"city": "Paris", "days": 3}}', [weather()]],
  ['llama-3', '\n\n{"type": "function", "name": "weather", "parameters": {"city": "Paris", "days": 3}}', [weather()]],
  [
    'llama-3',
    '<|python_tag|>{"name": "weather", "parameters": {"city": "Paris", "days": 3}}; {"name": "now", "parameters": {"zone": "Europe/Paris"}}',
    [weather(), now],
  ],
  ['llama-3', '{"name": "Ada", "age": 36} is an object.', ['{"name": "Ada", "age": 36} is an object.']],
  ['llama-3', '{"city": "Paris"}', ['{"city": "Paris"}']],
  ['llama-3', 'It is {"name": "weather", "parameters": {}}.', ['It is {"name": "weather", "parameters": {}}.']],
  [
    'kimi-k2',
    'Looking.<|tool_calls_section_begin|><|tool_call_begin|>functions.weather:0<|tool_call_argument_begin|>{"city": "Paris", "days": 3}<|tool_call_end|><|tool_call_begin|>functions.now:1<|tool_call_argument_begin|>{"zone": "Europe/Paris"}<|tool_call_end|><|tool_calls_section_end|>',
    [
      'Looking.',
      ['weather', { city: 'Paris', days: 3 }, 'functions.weather:0'],
      ['now', { zone: 'Europe/Paris' }, 'functions.now:1'],
    ],
  ],
  [
    'kimi-k3',
    '<|open|>tools<|sep|><|open|>call tool="weather" index="1"<|sep|><|open|>argument key="city" type="string"<|sep|>Paris<|close|>argument<|sep|><|open|>argument key="days" type="number"<|sep|>3<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>',
    [weather()],
  ],
  [
    'deepseek-v3',
    '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{"city": "Paris", "days": 3}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n{"zone": "Europe/Paris"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    [weather(), now],
  ],
  [
    'deepseek-v3.1',
    'I look.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{"city": "Paris", "days": 3}<｜tool▁call▁end｜><｜tool▁call▁begin｜>now<｜tool▁sep｜>{"zone": "Europe/Paris"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    ['I look.', weather(), now],
  ],
  [
    'deepseek-v3.2',
    'I look.\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name="weather">\n<｜DSML｜parameter name="city" string="true">Paris</｜DSML｜parameter>\n<｜DSML｜parameter name="days" string="false">3</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>',
    ['I look.', weather()],
  ],
  [
    'deepseek-v4',
    '<｜DSML｜tool_calls>\n<｜DSML｜invoke name="weather">\n<｜DSML｜parameter name="city" string="true">42</｜DSML｜parameter>\n<｜DSML｜parameter name="days" string="false">3</｜DSML｜parameter>\n</｜DSML｜invoke>\n<｜DSML｜invoke name="now">\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>',
    [weather('42'), ['now', {}]],
  ],
  [
    'solar-open',
    '<|tool_calls|><|tool_call:begin|>k3Xw0Vp2aQ<|tool_call:name|>weather<|tool_call:args|>{"city": "Paris", "days": 3}<|tool_call:end|>',
    [['weather', { city: 'Paris', days: 3 }, 'k3Xw0Vp2aQ']],
  ],
  [
    'qwen3-coder',
    'I look.\n\n<tool_call>\n<function=weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>',
    ['I look.', weather()],
  ],
  [
    'qwen3-coder',
    '<tool_call>\n<function=weather>\n<parameter=city>\n\n 42 <b>\n\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=now>\n</function>\n</tool_call>',
    [weather('\n 42 <b>\n'), ['now', {}]],
  ],
  [
    'qwen3-coder',
    '<tool_call>\n<function=mixed>\n<parameter=list>\n[1, {"a": null}]\n</parameter>\n<parameter=ok>\nTrue\n</parameter>\n<parameter=either>\nyes\n</parameter>\n<parameter=more>\n{"b": 1.5}\n</parameter>\n</function>\n</tool_call>',
    [['mixed', { list: [1, { a: null }], ok: true, either: 'yes', more: { b: 1.5 } }]],
  ],
  [
    'seed-oss',
    '<seed:tool_call>\n<function=weather>\n<parameter=city>Paris</parameter>\n<parameter=days>3</parameter>\n</function>\n</seed:tool_call>',
    [weather()],
  ],
  [
    'seed-oss',
    "<seed:tool_call>\n<function=mixed>\n<parameter=more>{'a': [1, 'x'], 'b': None}</parameter>\n</function>\n</seed:tool_call>",
    [['mixed', { more: { a: [1, 'x'], b: null } }]],
  ],
  [
    'glm',
    '\n<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>\n<tool_call>now\n<arg_key>zone</arg_key>\n<arg_value>Europe/Paris</arg_value>\n</tool_call>',
    [weather(), now],
  ],
  [
    'glm',
    '<tool_call>weather<arg_key>city</arg_key><arg_value>Paris</arg_value><arg_key>days</arg_key><arg_value>3</arg_value></tool_call><tool_call>now</tool_call>',
    [weather(), ['now', {}]],
  ],
  [
    'hunyuan-3',
    '<tool_calls:opensource>\n<tool_call:opensource>weather<tool_sep:opensource>\n<arg_key:opensource>city</arg_key:opensource>\n<arg_value:opensource>Paris</arg_value:opensource>\n<arg_key:opensource>days</arg_key:opensource>\n<arg_value:opensource>3</arg_value:opensource>\n</tool_call:opensource>\n</tool_calls:opensource>',
    [weather()],
  ],
  [
    'minimax-m2',
    '\n<minimax:tool_call>\n<invoke name="weather">\n<parameter name="city">Paris</parameter>\n<parameter name="days">3</parameter>\n</invoke>\n<invoke name="now">\n<parameter name="zone">Europe/Paris</parameter>\n</invoke>\n</minimax:tool_call>',
    [weather(), now],
  ],
  [
    'muse',
    '<atem:function_calls>\n<atem:invoke name="weather">\n<atem:parameter name="city">Paris</atem:parameter>\n<atem:parameter name="days">3</atem:parameter>\n</atem:invoke>\n</atem:function_calls>',
    [weather()],
  ],
  [
    'minicpm-5',
    '<function name="weather"><param name="city"><![CDATA[a </param>\nb]]></param><param name="days">3</param></function>\n<function name="now"><param name="zone">Europe/Paris</param></function>',
    [weather('a </param>\nb'), now],
  ],
  ['minicpm-3', '<|tool_call_start|>\n```python\nweather(city="Paris",days=3)\nnow(zone="Europe/Paris")\n```\n<|tool_call_end|>\n', [weather(), now]], // prettier-ignore
  ['lfm2', '<|tool_call_start|>[weather(city="Paris", days=3), now(zone=\'Europe/Paris\')]<|tool_call_end|>Checking.', [weather(), now, 'Checking.']], // prettier-ignore
  [
    'lfm2',
    "<|tool_call_start|>[mixed(list=[1, -2.5, 1e3, 0x10, 1_000], more={'a': (True, None), \"b\": {}}, either='it\\'s \\u00e9\\n', ok=False)]<|tool_call_end|>",
    [['mixed', { list: [1, -2.5, 1e3, 16, 1000], more: { a: [true, null], b: {} }, either: "it's é\n", ok: false }]],
  ],
  ['lfm2', "<|tool_call_start|>[weather('Paris', 3), now()]<|tool_call_end|>", [weather(), ['now', {}]]],
  [
    'olmo-3',
    '<function_calls>weather(city="Paris", days=3)\nnow(zone="Europe/Paris")</function_calls>',
    [weather(), now],
  ],
  [
    'gemma-4',
    '<|tool_call>call:weather{city:<|"|>Paris<|"|>,days:3}<tool_call|><|tool_call>call:mixed{list:[1,<|"|>x, "y"}<|"|>],more:{<|"|>a b<|"|>:{c:null}},ok:true}<tool_call|>',
    [weather(), ['mixed', { list: [1, 'x, "y"}'], more: { 'a b': { c: null } }, ok: true }]],
  ],
  [
    'functiongemma',
    '<start_function_call>call:weather{city:<escape>Paris<escape>,days:3}<end_function_call>',
    [weather()],
  ],
  [
    'functionary-3.1',
    '<function=weather>{"city": "Paris", "days": 3}</function><function=now>{"zone": "Europe/Paris"}</function>',
    [weather(), now],
  ],
  ['functionary-3.2', 'weather\n{"city": "Paris", "days": 3}', [weather()]],
  [
    'functionary-3.2',
    'all\nI look.>>>weather\n{"city": "Paris", "days": 3}>>>now\n{"zone": "Europe/Paris"}',
    ['I look.', weather(), now],
  ],
  ['functionary-3.2', 'all\nIt is warm.\n', ['It is warm.\n']],
  ['functionary-3.2', 'all\n2 >>>>>weather\n{"city": "Paris", "days": 3}', ['2 >>', weather()]],
  [
    'functionary-2',
    'all\n<|content|>I look.\n<|from|>assistant\n<|recipient|>weather\n<|content|>{"city": "Paris", "days": 3}',
    ['I look.', weather()],
  ],
  ['generic', 'So: <tool_call>\n{"name": "now", "arguments": {"zone": "Europe/Paris"}}\n</tool_call>', ['So:', now]],
];

/** Tools as OpenAI has them. */
export const definitions = [
  {
    type: 'function',
    function: {
      name: 'weather',
      description: 'The weather of the next days',
      parameters: {
        type: 'object',
        properties: { city: { type: 'string' }, days: { type: 'integer' } },
        required: ['city', 'days'],
        additionalProperties: false,
      },
    },
  },
  {
    type: 'function',
    function: {
      name: 'now',
      description: 'What time it is',
      parameters: { type: 'object', properties: { zone: { type: 'string' } }, additionalProperties: false },
    },
  },
  {
    type: 'function',
    function: {
      name: 'mixed',
      description: 'Anything',
      parameters: {
        type: 'object',
        properties: {
          list: { type: 'array' },
          more: { type: 'object' },
          either: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
          ok: { type: 'boolean' },
        },
        additionalProperties: false,
      },
    },
  },
];
