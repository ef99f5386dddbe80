import type { Item } from '../../grammar/grammar.ts';
import { any, both, cannot, inOrder, many, maybe, none, not, notBeginning, oneOf, text, without, word, either, type Rules } from './pieces.ts'; // prettier-ignore
import { alternatives, checkKeywords, listedValues, membersOf, saysNothing, splitOf, withDefinitions, type Schema } from './schemas.ts'; // prettier-ignore
import { keyItem, noText, noWords, numeric, onlyOf, plainTexts, type Place } from './values.ts';

const ofContainers = ['properties', 'required', 'additionalProperties', 'items', 'minItems', 'maxItems'];
const allTypes = ['number', 'boolean', 'null', 'object', 'array'];

/** Values as a tree of tags (`tree.ts`). */
export class TreeGrammar {
  private readonly mark: string;
  private readonly rules: Rules;
  private readonly references = new Map<string, Item>();
  private anyItem: Item | undefined;

  constructor(mark: string, rules: Rules) {
    this.mark = mark;
    this.rules = rules;
  }

  /** The members of an object, one after the other. */
  members(schema: Schema, place: Place): Item {
    const { required, properties, others } = membersOf(schema, place.where, place.format);
    if (others) return many(this.anyTag(this.value(withDefinitions(others, place.root), place)));
    return inOrder(
      properties.map(([name, each]) => {
        if (!/^[^\s"<>=|/]+$/.test(name))
          throw cannot(place.where, `a property named ${JSON.stringify(name)}`, place.format);
        const inner = { ...place, where: `${place.where}.${name}` };
        const item = this.tag(name, this.value(withDefinitions(each, place.root), inner));
        return required.has(name) ? item : maybe(item);
      }),
    );
  }

  private value(schema: Schema, place: Place): Item {
    if (saysNothing(schema)) return this.any();
    const { $ref: reference } = schema;
    if (typeof reference !== 'string') return this.plain(schema, place);
    const known = this.references.get(reference);
    if (known) return known;
    return this.rules.recursive((self) => {
      this.references.set(reference, self);
      return this.plain(schema, place);
    });
  }

  private plain(schema: Schema, place: Place): Item {
    const { texts, other } = splitOf(schema, place.root, place.where, place.format);
    const banned = other === undefined ? [] : [notBeginning(noText), not(noWords)];
    const said = without([this.mark], either(texts.map((each) => plainTexts(each, place))));
    const ways = texts.length > 0 ? [text(both([said, ...banned]))] : [];
    return oneOf([...ways, ...(other ? [this.other(other, place)] : [])]);
  }

  /** A value that is no text. */
  private other(schema: Schema, place: Place): Item {
    const { where, format, root } = place;
    const values = listedValues(schema, where, format);
    if (values) {
      if (values.some((value) => typeof value === 'object' && value !== null)) throw cannot(where, 'enum of objects', format); // prettier-ignore
      return oneOf(values.map((value) => word(JSON.stringify(value))));
    }
    const parts = alternatives(schema, root, where, format);
    if (parts) return oneOf(parts.map((part) => this.value(withDefinitions(part, root), place)));
    const { type } = schema;
    const types = typeof type === 'string' ? [type] : Array.isArray(type) ? (type as string[]) : allTypes;
    checkKeywords(schema, ['type', ...numeric, ...ofContainers], where, format);
    return oneOf(types.map((each) => this.ofType(each, schema, place)));
  }

  private ofType(type: string, schema: Schema, place: Place): Item {
    if (type === 'array') return this.list(schema, place);
    if (type !== 'object') return this.rules.schema({ ...onlyOf(schema, numeric), type });
    return this.members(onlyOf(schema, ['properties', 'required', 'additionalProperties']), place);
  }

  private list({ items = {}, minItems = 0, maxItems }: Schema, place: Place): Item {
    const item = this.rules.rule(this.tag('item', this.value(withDefinitions(items, place.root), place)));
    const max = maxItems === undefined ? {} : { max: maxItems as number };
    return maxItems === 0 ? none : { kind: 'repeat', item, min: minItems as number, ...max };
  }

  /** Any value: a text, or tags. */
  private any(): Item {
    this.anyItem ??= this.rules.recursive((self) =>
      oneOf([text(without([this.mark], any)), many(this.anyTag(self), 1)]),
    );
    return this.anyItem;
  }

  private tag(name: string, value: Item): Item {
    return inOrder([this.rules.mark(`${this.mark}<${name}>`), value, this.rules.mark(`${this.mark}</${name}>`)]);
  }

  /** A tag of any name; the one behind the value may have another. */
  private anyTag(value: Item): Item {
    const { rules, mark } = this;
    return inOrder([rules.mark(`${mark}<`), keyItem, word('>'), value, rules.mark(`${mark}</`), keyItem, word('>')]);
  }
}
