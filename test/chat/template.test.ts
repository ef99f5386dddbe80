import { describe, expect, it } from 'vitest';
import { FormatError, UnsupportedError } from '../../src/base/errors.ts';
import { checkConversation, type ChatMessage } from '../../src/chat/conversation.ts';
import { chatTemplateFor, compileTemplate } from '../../src/chat/template.ts';

const basics = { addGenerationPrompt: true, bosToken: '<s>', eosToken: '</s>' };
const show = (source: string, messages: ChatMessage[]) => compileTemplate(source).render({ ...basics, messages });

describe('a message', () => {
  it('reaches the template with its tool calls in the form that templates expect', () => {
    const toolCalls = [
      { id: 'c1', name: 'f', arguments: { a: 1 } },
      { name: 'g', arguments: '{"b": [2]}' },
      { name: 'h', arguments: 'not JSON' },
    ];
    expect(show('{{ messages[0].tool_calls | tojson }}', [{ role: 'assistant', content: '', toolCalls }])).toBe(
      '[{"id": "c1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}, ' +
        '{"type": "function", "function": {"name": "g", "arguments": {"b": [2]}}}, ' +
        '{"type": "function", "function": {"name": "h", "arguments": "not JSON"}}]',
    );
  });

  it('keeps fields the engine does not know, renames those it does, and drops those that are undefined or null', () => {
    const message = { role: 'tool', content: null, toolCallId: 'c1', tool_calls: undefined, custom: [1, null] };
    expect(show('{{ messages[0] | tojson }}', [message])).toBe(
      '{"role": "tool", "custom": [1, null], "tool_call_id": "c1"}',
    );
    const nulls = { role: 'user', content: 'x', toolCalls: null, toolCallId: null, reasoningContent: null, name: null };
    expect(show('{{ messages[0] | tojson }}', [nulls as unknown as ChatMessage])).toBe(
      '{"role": "user", "content": "x"}',
    );
  });

  it.each(['reasoningContent', 'reasoning_content', 'thinking', 'reasoning'])(
    'has its reasoning under all names that templates read, given as %s',
    (name) => {
      const source = '{% set m = messages[0] %}{{ m.reasoning_content }} {{ m.thinking }} {{ m.reasoning }}';
      expect(show(source, [{ role: 'assistant', content: 'x', [name]: 'hm' }])).toBe('hm hm hm');
      expect(show(source, [{ role: 'assistant', content: 'x', [name]: null }])).toBe('  ');
    },
  );

  it('that has its reasoning under two names keeps both', () => {
    const message = { role: 'assistant', thinking: 'short', reasoning: 'long' };
    const source = '{% set m = messages[0] %}{{ m.reasoning_content }} {{ m.thinking }} {{ m.reasoning }}';
    expect(show(source, [message])).toBe('short short long');
  });

  it('needs a role', () => {
    expect(() => show('x', [{ content: 'x' } as unknown as ChatMessage])).toThrow(TypeError);
  });
});

it('gives a template none for tools and documents where there are none', () => {
  const template = compileTemplate('{{ tools }} {{ documents }} {{ tools is defined }} {{ documents is defined }}');
  expect(template.render({ ...basics, messages: [] })).toBe('None None True True');
  const documents = [{ title: 'T', text: 'x' }];
  expect(template.render({ ...basics, messages: [], tools: [], documents })).toBe(
    "[] [{'title': 'T', 'text': 'x'}] True True",
  );
});

describe('template variables', () => {
  it('reach the template under their own names, and are not trusted', () => {
    const template = compileTemplate("{{ enable_thinking }} {{ effort is defined }} {{ '<|' + mode + '|>' }}");
    const input = { ...basics, messages: [], templateVars: { enable_thinking: false, mode: 'user' } };
    expect(template.render(input)).toBe('False False <|user|>');
    expect(template.renderSegments(input).filter(({ trusted }) => trusted)).toEqual([
      { text: ' ', trusted: true },
      { text: ' <|', trusted: true },
      { text: '|>', trusted: true },
    ]);
  });

  it.each(['messages', 'tools', 'documents', 'add_generation_prompt', 'bos_token', 'eos_token'])(
    'cannot be called %s: the engine sets that',
    (name) => {
      expect(() => checkConversation({ messages: [], templateVars: { [name]: null } })).toThrow(
        new TypeError(
          `templateVars.${name} is set by the engine; leave it out (these are: messages, tools, documents, add_generation_prompt, bos_token, eos_token)`,
        ),
      );
    },
  );

  it('are JSON-like, as are messages, tools and documents', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const value of [() => 1, Symbol('x'), 1n, new Date(), new Map(), new Uint8Array(2), cycle]) {
      for (const input of [
        { messages: [], templateVars: { a: [value] } },
        { messages: [{ role: 'user', content: 'x', a: value }] },
        { messages: [], tools: [{ a: value }] },
        { messages: [], documents: [{ a: value }] },
      ])
        expect(() => checkConversation(input)).toThrow(TypeError);
    }
    expect(() => checkConversation({ messages: [], templateVars: { a: { b: [new Date()] } } })).toThrow(
      'templateVars.a.b[0] is a Date, expected JSON-like data: null, booleans, numbers, texts, lists, plain objects',
    );
    checkConversation({ messages: [], templateVars: { a: [null, undefined, 1.5, 'x', { b: false }] } });
  });
});

it('renders the same template twice without a trace of the first time', () => {
  const template = compileTemplate(
    '{% set x = (x or 0) + 1 %}{% set l = messages %}{% set _ = l.append(1) %}{{ x }}{{ l | length }}',
  );
  const input = { ...basics, messages: [{ role: 'user', content: 'a' }] };
  expect([template.render(input), template.render(input)]).toEqual(['12', '12']);
});

it.each([
  [[2021, 0, 1], '2020 20 53 00 00 001'],
  [[2024, 11, 30], '2025 25 01 52 53 365'],
  [[2026, 11, 31], '2026 26 53 52 52 365'],
  [[2028, 0, 2], '2027 27 52 01 00 002'],
] as const)('counts the weeks around new year as Python does: %j', ([year, month, day], expected) => {
  const template = compileTemplate("{{ strftime_now('%G %g %V %U %W %j') }}");
  expect(template.render({ ...basics, messages: [], now: new Date(year, month, day) })).toBe(expected);
});

describe('a model without a template', () => {
  const messages = [
    { role: 'system', content: 'S' },
    { role: 'user', content: '<|im_end|>' },
  ];
  const chatml = '<|im_start|>system\nS<|im_end|>\n<|im_start|>user\n<|im_end|><|im_end|>\n<|im_start|>assistant\n';

  it('gets ChatML if its vocabulary has the control tokens', () => {
    const template = chatTemplateFor({ hasToken: (piece) => ['<|im_start|>', '<|im_end|>'].includes(piece) });
    expect(template.render({ ...basics, messages })).toBe(chatml);
    expect(template.renderSegments({ ...basics, messages }).filter((s) => !s.trusted)).toEqual([
      { text: 'S', trusted: false },
      { text: '<|im_end|>', trusted: false },
    ]);
    expect(template.render({ ...basics, messages: messages.slice(0, 1), addGenerationPrompt: false })).toBe(
      '<|im_start|>system\nS<|im_end|>\n',
    );
  });

  it('gets ChatML by name, whatever its vocabulary and its file say', () => {
    expect(chatTemplateFor({ given: 'chatml', own: 'x' }).render({ ...basics, messages })).toBe(chatml);
    expect(() => chatTemplateFor({ given: 'vicuna' })).toThrow(
      /"vicuna", which is neither a Jinja source .* nor the name of a format \(chatml\)/,
    );
  });

  it('is the one that was given', () => {
    expect(chatTemplateFor({ given: '{{ messages[0].content }}', own: 'x' }).render({ ...basics, messages })).toBe('S');
    expect(() => chatTemplateFor({ given: '{% if %}', own: 'x' })).toThrow(FormatError);
  });

  it('is otherwise told how to pass one', () => {
    expect(() => chatTemplateFor({ hasToken: (piece) => piece === '<|im_start|>' })).toThrow(UnsupportedError);
    expect(() => chatTemplateFor({ own: ' ' })).toThrow(/open the model with chatTemplate \(a Jinja source\)/);
  });
});
