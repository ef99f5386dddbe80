import { describe, expect, it } from 'vitest';
import { UnsupportedError } from '../../src/base/errors.ts';
import { chatTemplateFor, compileTemplate, type ChatMessage } from '../../src/chat/template.ts';

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

  it('keeps fields the engine does not know, renames those it does, and drops undefined ones', () => {
    const message = {
      role: 'tool',
      content: 'x',
      toolCallId: 'c1',
      reasoningContent: 'hm',
      tool_calls: undefined,
      custom: [1],
    };
    expect(show('{{ messages[0] | tojson }}', [message])).toBe(
      '{"role": "tool", "content": "x", "custom": [1], "tool_call_id": "c1", "reasoning_content": "hm"}',
    );
  });

  it('needs a role', () => {
    expect(() => show('x', [{ content: 'x' } as unknown as ChatMessage])).toThrow(TypeError);
  });
});

it('tells a template that no tools were given, and not that there are none', () => {
  const template = compileTemplate('{{ tools is defined }}');
  expect(template.render({ ...basics, messages: [] })).toBe('False');
  expect(template.render({ ...basics, messages: [], tools: [] })).toBe('True');
});

it('renders the same template twice without a trace of the first time', () => {
  const template = compileTemplate(
    '{% set x = (x or 0) + 1 %}{% set l = messages %}{% set _ = l.append(1) %}{{ x }}{{ l | length }}',
  );
  const input = { ...basics, messages: [{ role: 'user', content: 'a' }] };
  expect([template.render(input), template.render(input)]).toEqual(['12', '12']);
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
    expect(chatTemplateFor({ name: 'chatml', template: 'x' }).render({ ...basics, messages })).toBe(chatml);
    expect(() => chatTemplateFor({ name: 'vicuna' })).toThrow(/there are: chatml/);
  });

  it('is otherwise told how to pass one', () => {
    expect(() => chatTemplateFor({ hasToken: (piece) => piece === '<|im_start|>' })).toThrow(UnsupportedError);
    expect(() => chatTemplateFor({ template: ' ' })).toThrow(/pass a Jinja source as `template`/);
  });
});
