/** Grammars of arguments that are not one JSON object: parameters between marks, Python's literals, Gemma's braces. */
import type { Item } from '../../grammar/grammar.ts';
import { formatTexts } from '../../grammar/schema/formats.ts';
import type { Parameters } from './format.ts';
import { any, anyChar, both, cannot, chars, either, inOrder, literal, many, maybe, none, not, notBeginning, oneOf, repeat, sequence, text, without, word, type Regular, type Rules } from './pieces.ts'; // prettier-ignore
import {
  alternatives,
  checkKeywords,
  listedValues,
  membersOf,
  resolved,
  saysNothing,
  splitOf,
  withDefinitions,
  type Schema,
} from './schemas.ts';

/** Where a schema stands, for errors, and what its references refer to. */
export interface Place {
  readonly where: string;
  readonly format: string;
  readonly root: Schema;
}

const textKeywords = ['type', 'enum', 'minLength', 'maxLength', 'format'];
/** They say nothing of texts. */
const otherKeywords =
  'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf properties required additionalProperties items minItems maxItems prefixItems'.split(' '); // prettier-ignore

/** Texts that a schema of strings allows, without quotes. */
export function plainTexts(schema: Schema, { where, format }: Place): Regular {
  checkKeywords(schema, [...textKeywords, ...otherKeywords], where, format);
  if (Array.isArray(schema.enum)) return either((schema.enum as string[]).map(literal));
  const { minLength = 0, maxLength = Infinity } = schema as { minLength?: number; maxLength?: number };
  const ofFormat = formatTexts(String(schema.format), chars);
  return both([repeat(anyChar, minLength, maxLength), ...(ofFormat ? [ofFormat.contents] : [])]);
}

const gap = repeat(chars([[9, 10], [13, 13], [32, 32]]), 0); // prettier-ignore
/** What is read as something else than a text where both may stand. */
export const noText = sequence(gap, either([...'0123456789-+.[{('].map(literal)));
export const noWords = sequence(gap, either(['true', 'false', 'null', 'True', 'False', 'None'].map(literal)), gap);

/** Each argument between marks of its own: texts as they are, all else as JSON. */
export function parametersItem(schema: Schema, parameters: Parameters, place: Place, rules: Rules): Item {
  const { required, properties, others } = membersOf(schema, place.where, place.format);
  if (others) return many(parameterItem(keyItem, others, parameters, place, rules));
  return inOrder(
    properties.map(([name, each]) => {
      if (!/^[^\s"<>=|]+$/.test(name))
        throw cannot(place.where, `a property named ${JSON.stringify(name)}`, place.format);
      const inner = { ...place, where: `${place.where}.${name}` };
      const item = parameterItem(word(name), each, parameters, inner, rules);
      return required.has(name) ? item : maybe(item);
    }),
  );
}

/** A key where any may stand. */
export const keyItem = text(repeat(chars([[48, 57], [65, 90], [95, 95], [97, 122]]), 1, 64)); // prettier-ignore

function parameterItem(key: Item, schema: Schema, parameters: Parameters, place: Place, rules: Rules): Item {
  const { begin, middle, open = '', end, typed, wrapped } = parameters;
  const { texts, other } = splitOf(schema, place.root, place.where, place.format);
  const isMixed = texts.length > 0 && other !== undefined && typed === undefined;
  const banned = isMixed ? [notBeginning(noText), not(noWords)] : [];
  if (wrapped) banned.push(notBeginning(literal(wrapped[0])));
  const plain = both([without([end.trim()], either(texts.map((each) => plainTexts(each, place)))), ...banned]);
  const json = other && rules.schema(other);
  const ways: Item[] = [];
  const way = (before: string, value: Item) =>
    ways.push(inOrder([rules.mark(before + middle), rules.mark(open), value]));
  if (texts.length > 0) way(typed?.text ?? '', text(plain));
  if (json) for (const before of typed?.other ?? ['']) way(before, json);
  return inOrder([rules.mark(begin), key, oneOf(ways), rules.mark(end)]);
}

/** How values are written that are no JSON. */
export interface Spelling {
  readonly comma: string;
  readonly words: Readonly<Record<'true' | 'false' | 'null', string>>;
  /** A text that a schema of strings allows. */
  text(schema: Schema, place: Place, rules: Rules): Item;
  /** A key inside of an object, with what stands between it and its value. */
  key(name: string, place: Place): Item;
  /** Any value. */
  any(rules: Rules): Item;
  /** A key of any name, with the same. */
  anyKey(rules: Rules): Item;
}

/** Python's literals. Texts are JSON's, which Python reads alike. */
export const pythonSpelling: Spelling = {
  comma: ', ',
  words: { true: 'True', false: 'False', null: 'None' },
  text: (schema, _, rules) => rules.schema({ ...schema, type: 'string' }),
  key: (name) => word(`${JSON.stringify(name)}: `),
  any: (rules) => rules.schema(true),
  anyKey: (rules) => inOrder([rules.schema({ type: 'string' }), word(': ')]),
};

/** Gemma's braces, with a mark for a quote. */
export function bracesSpelling(quote: string): Spelling {
  const quoted = (regular: Regular, rules: Rules) =>
    inOrder([rules.mark(quote), text(without([quote], regular)), rules.mark(quote)]);
  return {
    comma: ',',
    words: { true: 'true', false: 'false', null: 'null' },
    text: (schema, place, rules) => quoted(plainTexts(schema, place), rules),
    key: (name, { where, format }) => {
      if (!/^[^\s"<>{}[\],:|]+$/.test(name)) throw cannot(where, `a property named ${JSON.stringify(name)}`, format);
      return word(`${name}:`);
    },
    anyKey: () => inOrder([keyItem, word(':')]),
    any: (rules) => {
      const number = rules.schema({ type: 'number' });
      const scalars = [quoted(any, rules), number, ...['true', 'false', 'null'].map(word)];
      return rules.recursive((self) =>
        oneOf([
          ...scalars,
          inOrder([word('['), listOf(self), word(']')]),
          inOrder([word('{'), listOf(inOrder([keyItem, word(':'), self])), word('}')]),
        ]),
      );
    },
  };
}

/** None, one or several, with something between them. */
export const listOf = (item: Item, comma = ','): Item => maybe(inOrder([item, many(inOrder([word(comma), item]))]));

/** Members one after the other, with something between them: each optional one may be missing. */
export function listed(
  members: readonly { readonly item: Item; readonly isRequired: boolean }[],
  comma: string,
  rules: Rules,
): Item {
  let first: Item = none; // where nothing stands before
  let next: Item = none;
  for (const { item, isRequired } of [...members].reverse()) {
    const own = rules.rule(item);
    const firstWith = inOrder([own, next]);
    const nextWith = inOrder([word(comma), own, next]);
    first = rules.rule(isRequired ? firstWith : oneOf([firstWith, first]));
    next = rules.rule(isRequired ? nextWith : oneOf([nextWith, next]));
  }
  return first;
}

export const numeric = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];
const ofObjects = ['properties', 'required', 'additionalProperties'];
const ofLists = ['items', 'minItems', 'maxItems'];
const allTypes = ['string', 'number', 'boolean', 'null', 'array', 'object'];

/** The values of a schema, spelled so. */
export class ValueGrammar {
  private readonly spelling: Spelling;
  private readonly rules: Rules;
  private readonly references = new Map<string, Item>();

  constructor(spelling: Spelling, rules: Rules) {
    this.spelling = spelling;
    this.rules = rules;
  }

  private anyItem: Item | undefined;

  /** Any value. */
  private any(): Item {
    this.anyItem ??= this.spelling.any(this.rules);
    return this.anyItem;
  }

  item(schema: Schema, place: Place): Item {
    if (saysNothing(schema)) return this.any();
    const { $ref: reference } = schema;
    if (typeof reference !== 'string') return this.plainItem(schema, place);
    const known = this.references.get(reference);
    if (known) return known;
    return this.rules.recursive((self) => {
      this.references.set(reference, self);
      return this.plainItem(resolved(schema, place.root, place.where, place.format), place);
    });
  }

  private plainItem(schema: Schema, place: Place): Item {
    const { where, format, root } = place;
    const values = listedValues(schema, where, format);
    if (values) return oneOf(values.map((each) => this.constant(each)));
    const parts = alternatives(schema, root, where, format);
    if (parts) return oneOf(parts.map((part) => this.item(withDefinitions(part, root), place)));
    const { type } = schema;
    const types = typeof type === 'string' ? [type] : Array.isArray(type) ? (type as string[]) : allTypes;
    checkKeywords(schema, [...textKeywords, 'pattern', ...numeric, ...ofObjects, ...ofLists], where, format);
    return oneOf(types.map((each) => this.ofType(each, schema, place)));
  }

  private ofType(type: string, schema: Schema, place: Place): Item {
    const { words, text: textItem } = this.spelling;
    if (type === 'string') return textItem(onlyOf(schema, [...textKeywords, 'pattern']), place, this.rules);
    if (type === 'boolean') return oneOf([word(words.true), word(words.false)]);
    if (type === 'null') return word(words.null);
    if (type === 'array') return this.list(schema, place);
    if (type === 'object') return this.object(onlyOf(schema, ofObjects), place);
    return this.rules.schema({ ...onlyOf(schema, numeric), type });
  }

  private list({ items = {}, minItems = 0, maxItems }: Schema, place: Place): Item {
    const each = this.rules.rule(this.item(withDefinitions(items, place.root), place));
    const [min, max] = [minItems as number, maxItems as number | undefined];
    const further = inOrder([word(this.spelling.comma), each]);
    const rest: Item = { kind: 'repeat', item: further, min: Math.max(0, min - 1), ...(max !== undefined && { max: Math.max(0, max - 1) }) }; // prettier-ignore
    const some = inOrder([each, rest]);
    const inside = max === 0 ? none : min > 0 ? some : maybe(some);
    return inOrder([word('['), inside, word(']')]);
  }

  /** An object, whatever else the schema allows. */
  object(schema: Schema, place: Place): Item {
    const { required, properties, others } = membersOf(schema, place.where, place.format);
    if (others) {
      const { comma, anyKey } = this.spelling;
      const value = this.rules.rule(this.item(withDefinitions(others, place.root), place));
      return inOrder([word('{'), listOf(inOrder([anyKey(this.rules), value]), comma), word('}')]);
    }
    const members = properties.map(([name, each]) => {
      const inner = { ...place, where: `${place.where}.${name}` };
      const item = inOrder([this.spelling.key(name, inner), this.item(withDefinitions(each, place.root), inner)]);
      return { item, isRequired: required.has(name) };
    });
    return inOrder([word('{'), listed(members, this.spelling.comma, this.rules), word('}')]);
  }

  private constant(value: unknown): Item {
    const { words, comma } = this.spelling;
    if (typeof value === 'string') return this.spelling.text({ enum: [value] }, nowhere, this.rules);
    if (typeof value === 'boolean') return word(value ? words.true : words.false);
    if (value === null) return word(words.null);
    if (typeof value === 'number') return word(JSON.stringify(value));
    const between = (items: readonly Item[]) => items.flatMap((item, i) => (i > 0 ? [word(comma), item] : [item]));
    if (Array.isArray(value))
      return inOrder([word('['), ...between(value.map((each) => this.constant(each))), word(']')]);
    const members = Object.entries(value as object).map(([name, each]) => inOrder([this.spelling.key(name, nowhere), this.constant(each)])); // prettier-ignore
    return inOrder([word('{'), ...between(members), word('}')]);
  }
}

const nowhere: Place = { where: 'a constant', format: 'such', root: {} };

export function onlyOf(schema: Schema, keywords: readonly string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keywords.includes(keyword)));
}
