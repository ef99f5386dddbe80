import { describe, expect, it } from 'vitest';
import { FormatError, UnsupportedError } from '../../src/base/errors.ts';
import { render as renderTree } from '../../src/chat/jinja/interpreter.ts';
import { parse } from '../../src/chat/jinja/parser.ts';
import { startRun } from '../../src/chat/jinja/run.ts';
import { untrusted } from '../../src/chat/jinja/text.ts';
import { list, type Value } from '../../src/chat/jinja/values.ts';
import { compileTemplate } from '../../src/chat/template.ts';
import { conversations, inputOf, templates } from './helpers.ts';

const render = (source: string, templateVars: Record<string, unknown> = {}) =>
  compileTemplate(source).render({
    messages: [],
    addGenerationPrompt: true,
    bosToken: '',
    eosToken: '',
    templateVars,
  });

describe('a limit stops', () => {
  const steps = /steps, the limit against endless templates/;
  const chars = /characters, the limit against output bombs/;
  const depth = /nested more than 300 deep|nested more than 300/;
  it.each([
    [
      'nested loops',
      '{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}',
      steps,
    ],
    [
      'a list that grows while it is walked',
      '{% set l = [1] %}{% for i in range(99999) %}{% for x in l %}{% set _ = l.append(x) %}{% endfor %}{% endfor %}',
      steps,
    ],
    [
      'a loop of prints',
      "{% for a in range(99999) %}{% for b in range(99999) %}{{ 'xxxxxxxx' }}{% endfor %}{% endfor %}",
      /limit against/,
    ],
    [
      'a string that doubles',
      "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
      chars,
    ],
    ['a string times a number', "{{ 'x' * 999999999 }}", chars],
    ['places in a format', "{{ ('{0}' * 5000).format('x' * 100000) }}", /limit against/],
    ['lines of an indent', "{{ ('\\n' * 16000000) | indent }}", steps],
    ['empty pieces of a split', "{{ ('x' * 16000000).split('x') | length }}", steps],
    ['words of a split', "{{ ('x ' * 8000000).split() | length }}", steps],
    ['places of a format', "{{ ('{}' * 8000000).format(1) }}", steps],
    ['replacement', "{{ ('x' * 100000).replace('x', 'y' * 100000) }}", chars],
    ['a join', "{{ (['x' * 100000] * 99999) | join('y' * 1000) }}", /limit against/],
    ['an indent', "{{ ('x\\n' * 100000) | indent('y' * 100000) }}", chars],
    [
      'JSON of a tree that doubles',
      '{% set ns = namespace(l=[1]) %}{% for i in range(90) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}',
      steps,
    ],
    [
      'printing a tree that doubles',
      '{% set ns = namespace(l=[1]) %}{% for i in range(90) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}',
      steps,
    ],
    [
      'comparing trees that double',
      '{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(90) %}{% set ns.a = [ns.a, ns.a] %}{% set ns.b = [ns.b, ns.b] %}{% endfor %}{{ ns.a == ns.b }}',
      steps,
    ],
    ['a list that contains itself', '{% set l = [] %}{% set _ = l.append(l) %}{{ l }}', depth],
    ['JSON of a list that contains itself', '{% set l = [] %}{% set _ = l.append(l) %}{{ l | tojson }}', depth],
    [
      'equality of lists that contain themselves',
      '{% set l = [] %}{% set _ = l.append(l) %}{% set m = [] %}{% set _ = m.append(m) %}{{ l == m }}',
      depth,
    ],
    ['a macro that calls itself', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}', depth],
    [
      'macros that call themselves twice',
      '{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}',
      steps,
    ],
    ['brackets', `{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`, depth],
    ['lists', `{{ ${'['.repeat(5000)}${']'.repeat(5000)} }}`, depth],
    ['signs', `{{ ${'-'.repeat(5000)}1 }}`, depth],
    ['nots', `{{ ${'not '.repeat(5000)}1 }}`, depth],
    ['choices', `{{ ${'1 if 0 else '.repeat(5000)}1 }}`, depth],
    ['calls in a row', `{{ x${'()'.repeat(5000)} }}`, depth],
    ['attributes in a row', `{{ x${'.a'.repeat(5000)} }}`, depth],
    ['sums in a row', `{{ ${'1 + '.repeat(5000)}1 }}`, depth],
    ['filters in a row', `{{ 1${' | abs'.repeat(5000)} }}`, depth],
    ['or in a row', `{{ ${'0 or '.repeat(5000)}1 }}`, depth],
    ['blocks', `${'{% if 1 %}'.repeat(5000)}x${'{% endif %}'.repeat(5000)}`, depth],
    ['elifs', `{% if 0 %}${'{% elif 0 %}'.repeat(5000)}{% endif %}`, depth],
    ['assignment targets', `{% set ${'('.repeat(5000)}a${')'.repeat(5000)} = 1 %}`, depth],
    ['huge powers', '{{ 9 ** 99999 }}', /beyond ±2\^53/],
    ['huge integers', '{{ 9007199254740991 + 1 }}', /beyond ±2\^53/],
    ['a range', '{{ range(999999999) }}', /items at once, the limit is 100,000/],
    ['a list times a number', '{{ [0] * 999999999 }}', /items at once/],
    ['source', 'x'.repeat(2 ** 20 + 1), /the limit is 1048576/],
    ['words of the source', '{{1}}'.repeat(200_000), /more than 400,000 words and tags/],
    ['a path that is long', "{% set p = 'a' ~ '.a' * 7999999 %}{{ [] | map(attribute=p) | list }}", steps],
    ['paths to sort by', "{% set p = 'a' ~ ',a' * 7999999 %}{{ [{}] | sort(attribute=p) | list }}", steps],
    [
      'a path that goes in circles',
      "{% set n = namespace() %}{% set n.a = n %}{{ ([n] * 99999) | map(attribute='a' ~ '.a' * 100000) | list | length }}",
      steps,
    ],
    [
      'affixes to choose from',
      "{% set s = 'x' * 15999999 ~ 'y' %}{{ ('x' * 16000000).startswith((s,) * 99999) }}",
      steps,
    ],
    [
      'parameters that are not given',
      `{% macro m(${Array.from({ length: 50_000 }, (_, i) => `a${i}`).join(',')}) %}{% endmacro %}{% for i in range(99999) %}{{ m() }}{% endfor %}`,
      steps,
    ],
    ['separators of JSON', "{% set s = 'x' * 6000 %}{{ ([1] * 99999) | tojson(separators=(s, s)) }}", chars],
    ['an indent of JSON', "{% set s = 'x' * 16000000 %}{{ [[[[[1]]]]] | tojson(indent=s) }}", chars],
    ['characters that JSON escapes', "{{ ('\\x01' * 16000000) | tojson }}", steps],
    ['characters that print as escapes', "{{ ['\\U000e0001' * 8000000] }}", steps],
    ['words that begin with capitals', "{{ ('a ' * 8000000) | title }}", steps],
    ['capitals that are longer', "{{ ('ΐ' * 16000000) | upper }}", chars],
    ['fields of a time', "{{ strftime_now('%c' * 8000000) }}", steps],
    ['places between characters', "{{ ('x' * 9000000).replace('', 'y') }}", steps],
    [
      'a key that doubles',
      '{% set n = namespace(t=1) %}{% for i in range(22) %}{% set n.t = (n.t, n.t) %}{% endfor %}{{ {n.t: 1} }}',
      /limit against/,
    ],
    [
      'text of many sources, printed again and again',
      "{% set s = ('<' ~ messages) * 5000 %}{% for i in range(99999) %}{{ s }}{% endfor %}",
      /limit against/,
    ],
  ])('%s', (_, source, message) => {
    const begin = performance.now();
    let caught: unknown;
    try {
      render(source);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(FormatError);
    expect((caught as Error).message).toMatch(message);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it.each([
    ['many tags on one line', 'a{% if 1 %}b{% endif %}'.repeat(40_000), 'b'],
    ['a search that is quadratic in the engine', "{{ ('b' + 'a' * 4000000) in 'a' * 8000000 }}", 'steps'],
    ['a long number that is none', "{{ ('1' * 1000000 + 'x') | int }}", '0'],
    ['a format string of letters', "{{ ('{' + 'a' * 1000000).format(1) }}", 'at most'],
    ['braces', "{{ ('{' * 100000).format(1) }}", '{{'],
    ['a list of every character', "{{ ('x' * 16000000) | list | length }}", 'steps'],
    ['white space before a tag', `{% if 1 %}{% endif %}${' '.repeat(900_000)}{{- 1 }}`, '1'],
    ['comments never closed', '{#'.repeat(500_000), 'closed'],
    ['words to split', "{{ (' a' * 100000).split() | length }}", '100000'],
    [
      'a long affix',
      "{% set s = 'x' * 16000000 %}{% set t = 'x' * 15999999 %}{% for i in range(9999) %}{% set _ = s.startswith(t) %}{% endfor %}",
      'steps',
    ],
    [
      'a long text for a number',
      "{% set s = 'z' * 16000000 %}{% for i in range(9999) %}{% set _ = s | int %}{% endfor %}",
      'steps',
    ],
    [
      'a test of long text',
      "{% set s = 'z' * 16000000 %}{% for i in range(9999) %}{% set _ = s is lower %}{% endfor %}",
      'steps',
    ],
    ['a message of its own', "{{ raise_exception('x' * 9999999) }}", 'rejects'],
  ])('no time is lost on %s', (_, source, expected) => {
    const begin = performance.now();
    let result: string;
    try {
      result = render(source);
    } catch (error) {
      result = String(error);
    }
    expect(result.length < 3000 || !result.includes('Error')).toBe(true);
    expect(result).toContain(expected);
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  it('data that is nested too deeply', () => {
    let data: unknown = 1;
    for (let i = 0; i < 5000; i++) data = [data];
    expect(() => render('x', { data })).toThrow(/nested more than/);
  });
});

describe('no more than a million objects are kept of', () => {
  const u = untrusted('U');
  it.each([
    ['lists', '[[], [], []]', 3],
    ['tuples', '((), (), ())', 3],
    ['dictionaries', '[{}, {}]', 4],
    ['entries', "{'a': 1, 'b': 2, 'c': 3}", 5],
    ['namespaces', '[namespace(), namespace()]', 4],
    ['ranges', '[range(0), range(0)]', 4],
    ['floats', '[1 / 2, 1 / 2]', 2],
    ['methods', "['a'.upper, 'a'.upper]", 4],
    ['undefined values', '[a, b, c]', 4],
    ['missing fields', '[{}.a, {}.b]', 6],
    ['texts', "[i ~ '', i ~ u]", 4],
    ['texts of many sources', "('<' ~ u) * 3", 6],
    ['pieces', "'a b c'.split()", 4],
    ['slices', "['abcdef'[1:3], 'abcdef'[2]]", 4],
    ['printed values', '[1 | string, i | tojson]', 4],
    ['pairs', "{'a': 1, 'b': 2}.items()", 4],
    ['filtered lists', "[[] | map('abs'), [] | select]", 4],
    ['captured texts', 'caught', 2, '{% set caught %}{{ i }}{% endset %}'],
    ['macros', 'm', 4, '{% macro m() %}{% endmacro %}'],
    ['arguments', 'k(a=1)', 4, '{% macro k() %}{% set _ = kept.append(kwargs) %}{% endmacro %}'],
  ])('%s', (_, value, nObjects, before = '') => {
    const kept = list([]);
    const run = startRun([], new Date());
    const source = `{% for i in range(99999) %}{% for j in range(99999) %}${before}{% set _ = kept.append(${value}) %}{% endfor %}{% endfor %}`;
    const variables = new Map<string, Value>([
      ['kept', kept],
      ['u', u],
    ]);
    expect(() => renderTree(run, parse(source), variables)).toThrow(/limit against endless templates/);
    expect(kept.items.length).toBeGreaterThan(1000);
    expect(kept.items.length * nObjects).toBeLessThan(1_000_000);
  });
});

it('a conversation may take steps in proportion to its length', () => {
  const source = '{% for m in messages %}{% for c in m.content %}{{ c }}{% endfor %}{% endfor %}';
  const content = 'x'.repeat(1_000_000);
  const input = { addGenerationPrompt: true, bosToken: '', eosToken: '' };
  expect(compileTemplate(source).render({ ...input, messages: [{ role: 'user', content }] })).toBe(content);
  const own = source.replace('m.content', "'x' * 1000000").replace('messages', '[1]');
  expect(() => compileTemplate(own).render({ ...input, messages: [] })).toThrow(/limit against endless templates/);
});

it('renders a long conversation well within the limits', () => {
  const turns = Array.from({ length: 300 }, (_, i) => ({
    role: i % 2 ? 'assistant' : 'user',
    content: `${i} `.repeat(200),
  }));
  for (const [, source] of templates) {
    const text = compileTemplate(source).render(inputOf({ messages: turns, add_generation_prompt: true }));
    expect(text).toContain('298 298');
  }
});

describe('a template reaches nothing of JavaScript', () => {
  const names = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
    '__defineGetter__',
    'caller',
    'arguments',
  ];
  const values = [
    '1',
    '1.5',
    "'a'",
    '[1]',
    '(1,)',
    "{'a': 1}",
    'namespace()',
    'range(2)',
    'true',
    'messages',
    'range',
    'raise_exception',
    '[1] | map("abs")',
    '{}.items()',
  ];
  it.each(names)('%s is undefined on every value, as an attribute, an item and a variable', (name) => {
    for (const value of values) {
      expect(render(`{{ (${value}).${name} is defined }}`), value).toBe('False');
      expect(render(`{{ (${value})['${name}'] is defined }}`), value).toBe('False');
      expect(render(`{{ [${value}] | map(attribute='${name}') | first is defined }}`), value).toBe('False');
    }
    expect(render(`{{ ${name} is defined }}`)).toBe('False');
    expect(() => render(`{{ 1 | ${name} }}`)).toThrow(UnsupportedError);
    expect(() => render(`{{ 1 is ${name} }}`)).toThrow(UnsupportedError);
    expect(() => render(`{% ${name} %}`)).toThrow(FormatError);
  });

  it('keys of that kind in data are plain keys', () => {
    const data = JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}') as unknown;
    expect(render("{{ d }} {{ d.__proto__.x }} {{ d['constructor'] }} {{ {}.x is defined }}", { d: data })).toBe(
      "{'__proto__': {'x': 1}, 'constructor': 2} 1 2 False",
    );
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe('an error says where', () => {
  it.each([
    ['a\nb\n{{ nope.x }}', /^chat template, line 3: 'nope' is undefined; near: \{\{ nope\.x \}\}$/],
    [
      '{% if 1 %}\n{{ 1 + }}\n{% endif %}',
      /^chat template, line 2: an expression cannot begin with '\}\}'; near: \{\{ 1 \+ \}\}$/,
    ],
    ['{#\n\n#}{%\nset x = \n [1,\n 2 %}', /line 6: unexpected '%'|line 6/],
  ])('%j', (source, message) => expect(() => render(source)).toThrow(message));

  it('what Jinja has and chat templates do not use is unsupported', () => {
    expect(() => render("{% include 'x' %}")).toThrow(UnsupportedError);
    expect(() => render('{{ 1 | pprint }}')).toThrow(/no filter 'pprint'; there are: abs/);
  });

  it('a value that is no data is the caller’s mistake', () => {
    expect(() => render('x', { f: () => 1 })).toThrow(TypeError);
  });
});

/** xorshift32: the same mutations on every run. */
function random(seed: number): (n: number) => number {
  let x = seed;
  return (n) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
}

it('mutated templates end, and fail only with our errors', () => {
  const pick = random(20260105);
  const bits = [
    '{{',
    '}}',
    '{%',
    '%}',
    '{#',
    '-',
    '+',
    '|',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    "'",
    '"',
    '\\',
    '.',
    ',',
    ':',
    '~',
    ' in ',
    ' is ',
    ' not ',
    'none',
    'loop',
    'messages',
    ' if ',
    ' else ',
    '**',
    '99999999',
    '\n',
    '😀',
    '\ud83d',
    ' % ',
    '{% for x in messages %}',
    '{% endfor %}',
    '{% break %}',
    '|tojson',
    '|length',
    '.items()',
    '[::-1]',
  ];
  const sources = [...templates.values()];
  const titles = Object.keys(conversations);
  let nRendered = 0;
  for (let i = 0; i < 3000; i++) {
    let source = sources[pick(sources.length)]!;
    for (let n = 1 + pick(3); n > 0; n--) {
      const at = pick(source.length);
      const length = pick(3) === 0 ? pick(40) : pick(3);
      source = source.slice(0, at) + (pick(3) === 0 ? '' : bits[pick(bits.length)]) + source.slice(at + length);
    }
    try {
      compileTemplate(source).render(inputOf(conversations[titles[pick(titles.length)]!]!));
      nRendered++;
    } catch (error) {
      const ours =
        error instanceof FormatError ||
        error instanceof UnsupportedError ||
        (error instanceof RangeError && /rejects this conversation/.test(error.message));
      if (!ours) throw new Error(`mutation ${i} failed with ${String(error)}:\n${source}`, { cause: error });
    }
  }
  expect(nRendered).toBeGreaterThan(300);
});

it('nothing, many times over, is nothing, at once', () => {
  const startMs = performance.now();
  for (const n of [300_000_000, Number.MAX_SAFE_INTEGER])
    expect(render(`{% set x = [] * ${n} %}{% set y = () * ${n} %}{{ x | length }}{{ y | length }}`)).toBe('00');
  expect(performance.now() - startMs).toBeLessThan(1000);
});
