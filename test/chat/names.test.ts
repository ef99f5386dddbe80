import { describe, expect, it } from 'vitest';
import { UnsupportedError } from '../../src/base/errors.ts';
import { compileTemplate } from '../../src/chat/template.ts';

const render = (source: string) =>
  compileTemplate(source).render({ messages: [], addGenerationPrompt: false, bosToken: '', eosToken: '' });
const words = (text: string) => text.trim().split(/\s+/);

/** Everything that the engine in the pages of the Hugging Face hub knows: @huggingface/jinja 0.5.11, `runtime.ts`. */
const hub = {
  filters: `abs capitalize default dictsort first float indent int items join last length list lower map rejectattr
    replace reverse safe selectattr sort string title tojson trim unique upper`,
  tests: `boolean callable defined eq equalto even false integer iterable lower mapping none number odd sequence string
    true undefined upper`,
  textMethods: 'capitalize endswith lower lstrip replace rstrip split startswith strip title upper',
  dictMethods: 'get items keys values',
  functions: 'namespace raise_exception range strftime_now',
  loop: 'first index index0 last length nextitem previtem revindex revindex0',
  statements: 'break call continue filter for if macro set',
};
/** What templates in the wild name besides: `reject` and `min` (with their twins), `append` and `pop`, `format`, `dict`. */
const wild = {
  filters: 'max min reject select',
  textMethods: 'format',
  listMethods: 'append pop',
  functions: 'dict',
  statements: 'generation',
};

const listed = (source: string) => {
  try {
    render(source);
  } catch (error) {
    return words(/there are: (.*?)(?:; near: .*)?$/.exec((error as Error).message)![1]!.replaceAll(',', ' ')).sort();
  }
  throw new Error(`${source} rendered`);
};
const all = (...lists: string[]) => words(lists.join(' ')).sort();

describe('the list in an error is what the hub has and what templates use:', () => {
  it.each([
    ['filters', '{{ 1 | zzz }}', all(hub.filters, wild.filters)],
    ['tests', '{{ 1 is zzz }}', all(hub.tests)],
    ['methods of a string', "{{ 'a'.zzz() }}", all(hub.textMethods, wild.textMethods)],
    ['methods of a dictionary', '{{ {}.zzz() }}', all(hub.dictMethods)],
    ['methods of a list', '{{ [].zzz() }}', all(wild.listMethods)],
    ['functions', '{{ zzz() }}', all(hub.functions, wild.functions)],
    ['fields of loop', '{% for x in [1] %}{{ loop.zzz }}{% endfor %}', all(hub.loop)],
    ['statements', "{% include 'x' %}", all(hub.statements, wild.statements)],
  ])('%s', (_, source, names) => expect(listed(source)).toEqual(names));
});

describe('what Jinja or Python has besides is an error and never another text:', () => {
  it.each([
    ...words(
      `attr batch center count d e escape filesizeformat forceescape format groupby pprint random round slice striptags
      sum truncate urlencode urlize wordcount wordwrap xmlattr`,
    ).map((name) => `{{ 'a' | ${name} }}`),
    ...words('divisibleby escaped filter float ge gt in le lt ne sameas test').map((name) => `{{ 1 is ${name} 2 }}`),
    ...words(
      `casefold center count encode expandtabs find index isalnum isalpha isascii isdecimal isdigit isidentifier islower
      isnumeric isspace istitle isupper join ljust partition removeprefix removesuffix rfind rindex rjust rpartition
      rsplit splitlines swapcase translate zfill`,
    ).map((name) => `{{ 'a'.${name}('a') }}`),
    ...words('clear copy count extend index insert remove reverse sort').map((name) => `{{ [1].${name}(1) }}`),
    ...words('clear copy fromkeys pop popitem setdefault update').map((name) => `{{ {'a': 1}.${name}('a') }}`),
    ...words('cycler joiner lipsum').map((name) => `{{ ${name}(1) }}`),
    ...words('changed cycle').map((name) => `{% for x in [1] %}{{ loop.${name}(1) }}{% endfor %}`),
    ...words('depth depth0').map((name) => `{% for x in [1] %}{{ loop.${name} }}{% endfor %}`),
    ...words('autoescape block debug do extends from import include raw trans with').map((name) => `{% ${name} x %}`),
    '{% for x in [1] recursive %}{% endfor %}',
    '{% set x | upper %}a{% endset %}',
    "{{ '%s' % 'a' }}",
    "{{ '{:>5}'.format(1) }}",
    "{{ '{!r}'.format(1) }}",
    "{{ 'a'.startswith('a', 0) }}",
    "{{ 'ff' | int(0, 16) }}",
  ])('%s', (source) => expect(() => render(source)).toThrow(/^chat template, line 1: /));
});

it.each([
  ['{{ 1 | tojsn }}', "no filter 'tojsn' (is it 'tojson'?); there are: abs, "],
  ['{{ 1 is strnig }}', "no test 'strnig' (is it 'string'?); there are: boolean, "],
  ["{{ 'a'.rsplit() }}", "str has no item or method 'rsplit' (is it 'split'?); there are: capitalize, "],
  ['{{ name_space() }}', "no function 'name_space' (is it 'namespace'?); there are: dict, "],
  ['{{ 1 | wordcount }}', "no filter 'wordcount'; there are: abs, "],
  ['{{ none.x.y }}', "NoneType has no item or method 'x'; near: "],
])('an error names the nearest, if one is near: %s', (source, message) => {
  expect(() => render(source)).toThrow(`chat template, line 1: ${message}`);
});

it('a name that is not there is an UnsupportedError where it can be nothing else', () => {
  for (const source of ['{{ 1 | round }}', '{{ 1 is float }}', '{{ cycler(1) }}', '{% with %}'])
    expect(() => render(source)).toThrow(UnsupportedError);
});
