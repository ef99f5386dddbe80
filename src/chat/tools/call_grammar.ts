/**
 * The grammar of an answer that may call tools: free text up to the mark that begins a call, and from there on nothing but calls of tools that
 * there are, with arguments that their schemas allow. What makes a text a call for whoever reads it cannot stand in free text.
 */
import type { Grammar, Item } from '../../grammar/grammar.ts';
import { grammarOfSchema } from '../../grammar/schema/schema.ts';
import { UnsupportedError } from '../../base/errors.ts';
import { anything, messages } from '../harmony/grammar.ts';
import type { MarkedShape, TaggedShape, ToolFormat } from './format.ts';
import { formatNamed } from './formats.ts';
import { any, cannot, digits, either, inOrder, literal, many, maybe, nineOfId, wordOfId, none, notBeginning, oneOf, repeat, Rules, sequence, text, without, word, type Regular } from './pieces.ts'; // prettier-ignore
import { both } from '../../grammar/regular.ts';
import { argumentsSchema, membersOf } from './schemas.ts';
import { toolsOf, type CallsOptions, type Tool } from './tool.ts';
import { TreeGrammar } from './tree_grammar.ts';
import {
  bracesSpelling,
  keyItem,
  listed,
  listOf,
  parametersItem,
  pythonSpelling,
  ValueGrammar,
  type Place,
} from './values.ts';

/** @param tokenOf the token of a text that is one by itself */
export function grammarOfCalls(options: CallsOptions, tokenOf: (text: string) => number | undefined): Grammar {
  const format = formatNamed(options.format);
  const rules = new Rules(options.tokens, tokenOf, format.isLoose === true);
  rules.rules[0] = new CallGrammar(format, options, rules, tokenOf).answer();
  return { rules: rules.rules };
}

const space: Regular = repeat(either([' ', '\n'].map(literal)), 0, 2);

const anyText = { id: nineOfId, word: wordOfId, number: digits };
/** White space in a list of calls. */
const listSpace = text(repeat(either([' ', '\n'].map(literal)), 0, 8));

/** The arguments are one text of JSON. */
const isJson = (shape: MarkedShape): boolean =>
  shape.kind === 'object' || shape.kind === 'keyed' || (shape.kind === 'tagged' && shape.arguments === 'json');

class CallGrammar {
  private readonly format: ToolFormat;
  private readonly options: CallsOptions;
  private readonly rules: Rules;
  private readonly tools: readonly Tool[];
  private readonly tokenOf: (text: string) => number | undefined;

  constructor(format: ToolFormat, options: CallsOptions, rules: Rules, tokenOf: (text: string) => number | undefined) {
    this.format = format;
    this.options = options;
    this.rules = rules;
    this.tokenOf = tokenOf;
    const { choice } = options;
    const all = toolsOf(options.tools);
    this.tools = typeof choice === 'object' ? all.filter(({ name }) => name === choice.name) : all;
  }

  answer(): Item {
    const { choice } = this.options;
    if (this.format.shape.kind === 'message') return this.messages();
    const recipient = this.format.opened?.text;
    if (choice === 'none') return recipient === undefined ? this.free() : this.recipientText(recipient);
    const marked = this.rules.rule(this.calls(true));
    const first = this.format.opened ? this.rules.rule(this.calls(false)) : undefined;
    if (choice !== 'auto') return inOrder([text(space), first ?? marked]); // where the prompt has begun it, it is not begun again
    if (recipient !== undefined) return oneOf([inOrder([this.recipientText(recipient), maybe(marked)]), first!]);
    const { schema } = this.options;
    const mixed = schema === undefined ? inOrder([this.free(), maybe(marked)]) : oneOf([this.free(), marked]);
    return first ? oneOf([mixed, first]) : mixed;
  }

  private messages(): Item {
    const { choice, schema } = this.options;
    const { rules } = this;
    const content = schema === undefined ? anything(rules) : rules.schema(schema);
    const calls = this.tools.map((tool) => ({ name: tool.name, json: this.named(tool, () => this.json(tool)) }));
    return messages(rules, {
      final: choice === 'auto' || choice === 'none' ? content : undefined,
      isHeld: schema !== undefined,
      calls: choice === 'none' ? [] : calls,
    });
  }

  /** Text in which no call begins: control tokens of the model's own may stand in it. */
  private free(): Item {
    const { free, schema } = this.options;
    if (schema !== undefined) return this.rules.schema(schema);
    const words = text(both([without(this.locks()), ...this.notBare()]));
    const further = text(without(this.locks()));
    if (free.length === 0) return words;
    const token = oneOf(free.map((token): Item => ({ kind: 'token', token })));
    return inOrder([words, many(inOrder([token, further]))]);
  }

  /** Functionary's text is told by a name, too. */
  private recipientText(recipient: string): Item {
    const { shape } = this.format;
    return inOrder([this.rules.mark(recipient + ((shape as TaggedShape).after ?? '')), text(without(this.locks()))]);
  }

  private locks(): readonly string[] {
    const { section, begin = [] } = this.format;
    return (section ? [section.begin] : typeof begin === 'string' ? [begin] : begin).map((mark) => {
      const token = this.options.tokens.find((each) => mark.startsWith(each) && this.tokenOf(each) !== undefined);
      return token ?? mark.trim();
    });
  }

  /** A text that begins as an object with the name of a tool is a call where none needs a mark. */
  private notBare(): Regular[] {
    const { opened, shape } = this.format;
    if (!opened || shape.kind !== 'object') return [];
    const gap = repeat(either([...' \n\t\r'].map(literal)), 0);
    const named = either(this.tools.map(({ name }) => literal(JSON.stringify(name))));
    return [notBeginning(sequence(gap, literal('{'), any, literal(':'), gap, named))];
  }

  /** One call or several. @param isMarked its own mark stands before the first */
  private calls(isMarked: boolean): Item {
    const { section, begin = '', between = '', isList = false } = this.format;
    const { isSingle } = this.options;
    const { rules } = this;
    const begins = oneOf((typeof begin === 'string' ? [begin] : begin).map((mark) => rules.mark(mark)));
    const bodies = rules.rule(oneOf(this.tools.map((tool) => this.call(tool))));
    const end = rules.mark(this.format.end ?? '');
    const separator = isList ? inOrder([word(','), listSpace]) : rules.mark(between);
    const opening = isMarked ? begins : none;
    const further = inOrder([separator, begins, bodies, end]);
    const all = inOrder([opening, bodies, end, ...(isSingle ? [] : [many(further)])]);
    if (!section) return all;
    const listed = isList ? [text(space), word('['), listSpace, all, listSpace, word(']')] : [all];
    return inOrder([rules.mark(section.begin), ...listed, rules.mark(section.end)]);
  }

  private call(tool: Tool): Item {
    const { shape } = this.format;
    return shape.kind === 'message' ? none : this.named(tool, () => this.body(tool, shape));
  }

  /** What a tool's schema makes: where it cannot, its name is told. */
  private named(tool: Tool, make: () => Item): Item {
    try {
      return make();
    } catch (error) {
      if (error instanceof UnsupportedError) throw new UnsupportedError(`tool ${tool.name}: ${error.message}`);
      throw error;
    }
  }

  private body(tool: Tool, shape: MarkedShape): Item {
    const { name } = tool;
    const { rules } = this;
    if (name === this.format.opened?.text)
      throw new RangeError(`a tool is named ${name}, which this model says before text; give it another name`);
    const place = { where: 'its schema', format: this.format.name, root: argumentsSchema(tool) };
    if (!isJson(shape)) grammarOfSchema(place.root); // what is no schema, or too large a one, is none in any spelling
    switch (shape.kind) {
      case 'object':
        return this.object(tool, shape.keys);
      case 'keyed':
        return inOrder([word(`{${JSON.stringify(name)}: `), this.json(tool), word('}')]);
      case 'tagged':
        return this.tagged(tool, shape, place);
      case 'python':
        return inOrder([word(`${name}(`), this.python(place), word(')')]);
      case 'tree':
        return inOrder([word(name), rules.mark(shape.after), new TreeGrammar(shape.mark, rules).members(place.root, place)]); // prettier-ignore
      case 'braces': {
        const values = new ValueGrammar(bracesSpelling(shape.quote), this.rules);
        return inOrder([word(`${shape.before}${name}`), values.object(place.root, place)]);
      }
    }
  }

  private json(tool: Tool): Item {
    return this.rules.schema(argumentsSchema(tool), this.format.space);
  }

  private object(tool: Tool, keys: { readonly id?: string; readonly name: string; readonly arguments: string }): Item {
    const { hasIds = false } = this.format;
    const named = `"${keys.name}": ${JSON.stringify(tool.name)}, "${keys.arguments}": `;
    const json = this.json(tool);
    if (keys.id === undefined) return inOrder([word(`{${named}`), json, word('}')]);
    if (!hasIds) return inOrder([word(`{"${keys.id}": "`), text(digits), word(`", ${named}`), json, word('}')]);
    const id = inOrder([word(`, "${keys.id}": "`), text(nineOfId), word('"')]);
    return inOrder([word(`{${named}`), json, maybe(id), word('}')]);
  }

  private tagged(
    tool: Tool,
    { before = '', after = '', head, arguments: args, close = '' }: TaggedShape,
    place: Place,
  ): Item {
    const { rules } = this;
    const ways = head ? head.write(tool.name) : [[tool.name]];
    const piece = (part: string | { readonly any: keyof typeof anyText }): Item =>
      typeof part === 'string' ? rules.mark(part) : text(anyText[part.any]);
    const named = oneOf(ways.map((parts) => inOrder(parts.map(piece))));
    const value = args === 'json' ? this.json(tool) : parametersItem(place.root, args, place, rules);
    return inOrder([rules.mark(before), named, rules.mark(after), value, rules.mark(close)]);
  }

  private python(place: Place): Item {
    const { where, format, root } = place;
    const { required, properties, others } = membersOf(root, where, format);
    const values = new ValueGrammar(pythonSpelling, this.rules);
    if (others) return listOf(inOrder([keyItem, word('='), this.rules.rule(values.item(others, place))]), ', ');
    const members = properties.map(([name, schema]) => {
      if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name))
        throw cannot(where, `a property named ${JSON.stringify(name)}`, format);
      const inner = { ...place, where: `${where}.${name}` };
      return { item: inOrder([word(`${name}=`), values.item(schema, inner)]), isRequired: required.has(name) };
    });
    return listed(members, ', ', this.rules);
  }
}
