import { describe, expect, it } from 'vitest';
import { ResourceError, UnsupportedError } from '../../../src/base/errors.ts';
import { Matcher } from '../../../src/grammar/matcher.ts';
import { grammarOfSchema } from '../../../src/grammar/schema/schema.ts';
import { seeded } from '../dice.ts';
import { compiled, fits, fittingPart } from './judge.ts';

/** Texts with whether they fit. */
function expectFits(schema: unknown, texts: Readonly<Record<string, boolean>>): void {
  const grammar = compiled(schema);
  expect(Object.fromEntries(Object.keys(texts).map((text) => [text, fits(grammar, text)]))).toEqual(texts);
}

describe('numbers', () => {
  it('may be thousands of values', () => {
    const grammar = compiled({ enum: Array.from({ length: 12_000 }, (_, i) => 3 * i + (i % 2) / 2) });
    for (const [text, isIn] of [
      ['0', true],
      ['3.5', true],
      ['35997.5', true],
      ['3', false],
      ['1', false],
      ['35998', false],
    ] as const)
      // prettier-ignore
      expect(fits(grammar, text), text).toBe(isIn);
  });

  it('lets through just the texts of numbers in a range, whatever its ends', () => {
    const dice = seeded(3);
    const random = (): number => {
      const value = (dice.below(2_000_001) - 1_000_000) / 10 ** dice.below(9);
      return dice.below(4) === 0
        ? Math.trunc(value)
        : dice.below(6) === 0
          ? value * 10 ** (dice.below(40) - 12)
          : value;
    };
    for (let i = 0; i < 60; i++) {
      const [minimum, maximum] = [random(), random()].sort((a, b) => a - b) as [number, number];
      const isOpen = dice.below(2) === 0;
      const grammar = compiled(
        isOpen
          ? { type: 'number', exclusiveMinimum: minimum, exclusiveMaximum: maximum + 1 }
          : { type: 'number', minimum, maximum },
      );
      const isIn = (x: number): boolean => (isOpen ? x > minimum && x < maximum + 1 : x >= minimum && x <= maximum);
      for (const x of [
        minimum,
        maximum,
        maximum + 1,
        random(),
        random(),
        (minimum + maximum) / 2,
        minimum + 1e-9,
        -minimum,
        0,
      ]) {
        expect(
          fits(grammar, JSON.stringify(x)),
          `${JSON.stringify(x)} in ${minimum} to ${maximum}, open: ${isOpen}`,
        ).toBe(isIn(x));
      }
    }
  });

  it('takes any spelling that keeps to the range as it is read', () => {
    expectFits({ type: 'number', minimum: 1, maximum: 10 }, { '1': true, '1.0': true, '10.00': true, '10.01': false, '0.99': false, '01': false, '1.': false, '+1': false, '1e0': false }); // prettier-ignore
    expectFits({ type: 'number', exclusiveMaximum: 1 }, { '0.9999999999999999': true, '0.99999999999999999': false, '-1e300': true, '-1e400': false }); // prettier-ignore
    expectFits({ type: 'number' }, { '-0': false, '-0.5': true, '1e+21': true, '1E22': true, '1e-7': true, '5e-05': true, '1e999': false, NaN: false }); // prettier-ignore
    expectFits({ type: 'integer' }, { '5': true, '-5': true, '5.0': false, '0': true, '-0': false, '5e1': false });
    expectFits({ not: { type: 'integer' }, type: 'number' }, { '5.5': true, '5.0': false, '0.99999999999999999999': false, '1e20': false, '1e-9': true }); // prettier-ignore
  });

  it('knows multiples, also of decimals, and what is none', () => {
    expectFits(
      { type: 'number', multipleOf: 0.01 },
      { '19.90': true, '0.07': true, '0.075': false, '-3': true, '1.000': true },
    );
    expectFits({ type: 'integer', multipleOf: 7, minimum: 10 }, { '7': false, '14': true, '15': false, '700': true });
    expectFits({ type: 'integer', not: { multipleOf: 3 } }, { '3': false, '4': true, '-6': false, '-7': true });
  });
});

describe('strings', () => {
  it('counts code points, however they are spelt', () => {
    expectFits({ type: 'string', minLength: 2, maxLength: 2 }, { '"ab"': true, '"a"': false, '"😀é"': true, '"\\ud83d\\ude00x"': true, '"\\u00e9\\n"': true, '"\\ud83dx"': false, '"\\/\\/"': true }); // prettier-ignore
  });

  it('finds patterns in what the string means, with quotes and line ends in it', () => {
    expectFits(
      { type: 'string', pattern: '^a.c$' },
      { '"abc"': true, '"a\\"c"': true, '"a\\nc"': false, '"a\\\\c"': true, '"xabc"': false },
    );
    expectFits({ type: 'string', pattern: 'b+' }, { '"abbc"': true, '"ac"': false });
    expectFits({ type: 'string', pattern: '^(?!foo)\\w+$' }, { '"bar"': true, '"foobar"': false, '"fobar"': true });
    expectFits({ type: 'string', not: { pattern: '^x' } }, { '"abc"': true, '"xabc"': false, '""': true });
  });

  it('holds formats that it knows, and passes over others', () => {
    expectFits(
      { type: 'string', format: 'date' },
      { '"2024-02-29"': true, '"2023-02-29"': false, '"2024-2-9"': false, '"x"': false },
    );
    expectFits({ type: 'string', format: 'date-time' }, { '"2024-02-29T23:59:59Z"': true, '"2024-02-29 23:59:59Z"': false, '"2024-02-29T24:00:00Z"': false }); // prettier-ignore
    expectFits({ type: 'string', format: 'ipv6' }, { '"::1"': true, '"1::2::3"': false, '"fe80::1:2:3:4"': true });
    expectFits({ type: 'string', format: 'no such format' }, { '"anything"': true });
  });
});

describe('objects', () => {
  it('has properties in the order of the schema, then others, and no key twice', () => {
    const schema = { type: 'object', properties: { a: {}, b: { type: 'integer' } }, required: ['b'] };
    expectFits(schema, { '{"a":1,"b":2}': true, '{"b":2,"a":1}': false, '{"b":2}': true, '{"a":1}': false, '{"b":2,"c":1,"d":2}': true, '{"b":2,"c":1,"c":2}': false, '{"b":2,"b":3}': false }); // prettier-ignore
  });

  it('has no other spelling of a key, by which one could come twice', () => {
    expectFits({ type: 'object', properties: { a: { type: 'integer' } } }, { '{"\\u0061":"x"}': false, '{"a":1}': true, '{"b":"\\u0061"}': true }); // prettier-ignore
    expectFits({ type: 'object', properties: { 'é"\n': {} }, additionalProperties: false }, { '{"é\\"\\n":1}': true, '{"\\u00e9\\"\\n":1}': false }); // prettier-ignore
  });

  it('knows keys that other objects inherit', () => {
    expectFits(JSON.parse('{"type":"object","properties":{"__proto__":{"type":"integer"},"toString":{"type":"null"}},"required":["constructor"]}'), { '{"__proto__":1,"toString":null,"constructor":0}': true, '{"__proto__":"x","constructor":0}': false, '{"__proto__":1}': false }); // prettier-ignore
  });

  it('counts properties, whose keys are all different', () => {
    expectFits({ type: 'object', minProperties: 2, maxProperties: 3 }, { '{"a":1}': false, '{"a":1,"a":2}': false, '{"a":1,"b":2}': true, '{"a":1,"b":2,"c":3}': true, '{"a":1,"b":2,"c":3,"d":4}': false }); // prettier-ignore
  });

  it('begins no key where all that are allowed have come', () => {
    const grammar = compiled({ type: 'object', patternProperties: { '^[ab]$': {} }, additionalProperties: false });
    expect(fittingPart(grammar, '{"a":1,"b":2,')).toBe('{"a":1,"b":2');
  });

  it('takes spaces as models write them, and no more', () => {
    const schema = { type: 'object', properties: { a: { type: 'array', items: {} } } };
    expectFits(schema, { '{"a":[1,2]}': true, '{"a": [1, 2]}': true, '{\n  "a": [\n    1,\n    2\n  ]\n}': true, '{ "a": [ 1 ] }': true, '{"a" :[1]}': false, '{  "a":[1]}': false, '{"a":[1]} ': false }); // prettier-ignore
    expect(fits(compiled(schema, { space: 'none' }), '{"a": [1]}')).toBe(false);
    expect(fits(compiled(schema, { space: 'one' }), '{"a": [1, 2]}')).toBe(true);
  });
});

describe('arrays', () => {
  it('has different items where that is asked for, and ends where there is no other', () => {
    expectFits({ type: 'array', items: { type: 'string' }, uniqueItems: true }, { '["a","b","ab"]': true, '["a","b","a"]': false, '[]': true }); // prettier-ignore
    expectFits(
      { type: 'array', items: { type: 'number' }, uniqueItems: true },
      { '[1,1.5]': true, '[1,1.0]': false, '[1,10,1]': false },
    );
    const grammar = compiled({ type: 'array', items: { enum: ['a', 1, null] }, uniqueItems: true });
    expect(fits(grammar, '[null,"a",1]')).toBe(true);
    expect(fittingPart(grammar, '[null,"a",1,')).toBe('[null,"a",1');
  });
});

describe('schemas that cannot be held to', () => {
  it.each([
    [
      { properties: { a: { $ref: 'https://example.com/other' } } },
      '/properties/a of the schema: $ref is "https://example.com/other"',
    ],
    [{ items: { uniqueItems: true } }, '/items/uniqueItems of the schema: uniqueItems of arrays and objects'],
    [{ $schema: 'https://example.com/mine' }, 'the root of the schema: $schema is "https://example.com/mine"'],
    [{ not: { type: 'string', format: 'email' } }, '/format of the schema is under not, if or a oneOf'],
    [{ oneOf: [{ type: 'string', format: 'time' }, { type: 'string', format: 'regex' }] }, 'under not, if or a oneOf whose parts overlap'], // prettier-ignore
    [{ not: { propertyNames: { format: 'email' } } }, '/format of the schema is under not, if or a oneOf'],
    [{ pattern: '(a)\\1' }, '/pattern of the schema: the regular expression "(a)\\\\1" has a back reference'],
    [{ items: { multipleOf: 0.123456789 } }, '/items of the schema: multipleOf has too many digits'],
    [{ $recursiveRef: '#' }, 'the root of the schema: $recursiveRef'],
  ])('are refused by keyword and place: %j', (schema, message) => {
    expect(() => grammarOfSchema(schema)).toThrow(UnsupportedError);
    expect(() => grammarOfSchema(schema)).toThrow(message);
  });

  it.each([
    [{ type: 'text' }, TypeError, 'type is "text", known are null, boolean'],
    [{ properties: { a: 5 } }, TypeError, '/properties/a of the schema is 5, expected a schema'],
    [{ minimum: '5' }, TypeError, 'minimum is "5", expected a number'],
    [{ maxLength: -1 }, TypeError, 'maxLength is -1, expected a whole number'],
    [{ required: true }, TypeError, 'required is boolean, expected a list of strings'],
    [{ pattern: '(' }, RangeError, '/pattern of the schema: "(" is no regular expression'],
    [{ $ref: '#/$defs/none' }, RangeError, '$ref is "#/$defs/none", and nothing is there'],
    [{ $ref: '#' }, RangeError, '$ref refers to itself without end'],
    [{ anyOf: [{ $ref: '#' }] }, RangeError, 'refers to itself without end'],
    [{ default: 5n }, TypeError, '/default of the schema is bigint, expected what JSON can say'],
    [undefined, TypeError, 'the root of the schema is undefined'],
    [
      { type: 'object', properties: { a: { $ref: '#' } }, required: ['a'] },
      RangeError,
      'no value can be written that is valid',
    ],
    [{ type: 'string', minLength: 3, maxLength: 2 }, RangeError, 'no value can be written that is valid'],
  ] as const)('are told from those that are none: %o', (schema, kind, message) => {
    expect(() => grammarOfSchema(schema)).toThrow(kind);
    expect(() => grammarOfSchema(schema)).toThrow(message);
  });

  it('end at a named limit where they are hostile', () => {
    const nested = (depth: number): unknown => Array.from({ length: depth }).reduce((inner) => ({ items: inner }), {});
    const circle: Record<string, unknown> = {};
    circle['items'] = circle;
    const product = {
      allOf: Array.from({ length: 12 }, (_, i) => ({ anyOf: [0, 1, 2].map((j) => ({ required: [`${i} ${j}`] })) })),
    };
    const overlapping = { oneOf: Array.from({ length: 12 }, (_, i) => ({ properties: Object.fromEntries([0, 1, 2, 3].map((j) => [`${i} ${j}`, { type: 'string' }])) })) }; // prettier-ignore
    for (const schema of [nested(1_000), circle, product, overlapping]) {
      expect(() => grammarOfSchema(schema)).toThrow(ResourceError);
      expect(() => grammarOfSchema(schema)).toThrow(/came to [\d,]+, at most [\d,]+ \(/);
    }
  });
});

/** `$defs` `x0`, `x1` … of which each is made of a reference to the next. */
function chained(length: number, link: (next: object, index: number) => object, end: object): Record<string, object> {
  const each = (_: unknown, i: number) => [`x${i}`, i === length ? end : link({ $ref: `#/$defs/x${i + 1}` }, i)];
  return Object.fromEntries(Array.from({ length: length + 1 }, each)) as Record<string, object>;
}

describe('schemas whose parts multiply', () => {
  const many = (n: number, part: (index: number) => object) => Array.from({ length: n }, (_, i) => part(i));

  it.each<[string, object, RegExp]>([
    ['conditions on an array', { type: 'array', allOf: many(40, (i) => ({ contains: { const: i }, minContains: 0, maxContains: 0 })) }, /^the root of the schema: conditions came to 40, at most 12/], // prettier-ignore
    ['conditions on an object', { type: 'object', not: { anyOf: many(13, (i) => ({ additionalProperties: { const: i } })) } }, /conditions came to 13, at most 12/], // prettier-ignore
    ['conditions at each place of an array', { type: 'array', minItems: 2_000, allOf: many(11, (i) => ({ contains: { const: i }, minContains: 0, maxContains: 0 })) }, /work came to 400,/], // prettier-ignore
    ['alternatives of alternatives', { allOf: ['a', 'b'].map((part) => ({ anyOf: many(90, (i) => ({ required: [`${part}${i}`] })) })) }, /alternatives came to 1,001, at most 1,000/], // prettier-ignore
    ['opposites of a long list', { not: { prefixItems: many(5_000, () => ({ type: 'string' })) } }, /alternatives came to 5,000, at most 1,000/], // prettier-ignore
    ['names in alternatives', { oneOf: many(150, (k) => ({ properties: Object.fromEntries(many(90, (i) => ({ name: `${k} ${i}` })).map(({ name }: { name?: string }) => [name, true])) })) }, /(work|alternatives) came to/], // prettier-ignore
  ])('end at a limit before they are made: %s', (_, schema, message) => {
    expect(() => grammarOfSchema(schema)).toThrow(message);
  });

  it('are not searched for texts for ever, however many there are', () => {
    const pattern = (i: number) => ({ type: 'string', pattern: `^(?=(?:.{${29 + i}})+$)(?=(?:.{${37 + i}})+$).+$` });
    const schema = { properties: Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${i}`, pattern(i)])) };
    expect(() => compiled(schema)).toThrow(/searches came to 60,001/);
  });

  it('are looked at once where many refer to them', () => {
    const $defs = chained(40, (next) => ({ allOf: [next, next] }), { properties: { a: true } });
    const isClosed = { $defs, unevaluatedProperties: false, allOf: [{ $ref: '#/$defs/x0' }] };
    expectFits(isClosed, { '{"a":1}': true, '{"b":1}': false });
  });

  it('are proved to have no values as deep as that pays', () => {
    const z = { properties: { z: { type: 'string' } } };
    const names = many(40, (i) => ({ i })).map((_, i) => `a${i}`);
    const all = (next: object) => ({
      type: 'object',
      allOf: [{ properties: Object.fromEntries(names.map((name) => [name, next])) }, z],
    });
    const schema = { $defs: chained(9, all, { type: 'string' }), allOf: [{ $ref: '#/$defs/x0' }, z] };
    expectFits(schema, { '{"a1":{"a7":{"z":"x"}}}': true, '{"a1":{"a7":{"z":5}}}': false });
  });
});

it('goes on through references that lead back', () => {
  const schema = { $defs: { list: { type: 'object', properties: { next: { anyOf: [{ $ref: '#/$defs/list' }, { type: 'null' }] } }, required: ['next'], additionalProperties: false } }, $ref: '#/$defs/list' }; // prettier-ignore
  expectFits(schema, { '{"next":{"next":{"next":null}}}': true, '{"next":{"next":{}}}': false });
});

it('says what comes without a choice', () => {
  const grammar = compiled({ type: 'object', properties: { name: { const: 'x' } }, required: ['name'], additionalProperties: false }, { space: 'none' }); // prettier-ignore
  expect(new TextDecoder().decode(new Matcher(grammar).forced())).toBe('{"name":"x"}');
});
