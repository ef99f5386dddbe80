/**
 * Arguments as a tree of tags, each behind a mark: MiniMax-M3's.
 *
 *     ]<]minimax[>[<city>Paris]<]minimax[>[</city>                                             a text, a number, a word
 *     ]<]minimax[>[<days>]<]minimax[>[<item>1]<]minimax[>[</item>]<]minimax[>[</days>          a list
 *     ]<]minimax[>[<more>]<]minimax[>[<a>true]<]minimax[>[</a>]<]minimax[>[</more>             an object
 */
import type { CallSink } from './call_sink.ts';
import { quoted } from './json_text.ts';
import { isText, itemsOf, jsonOf, memberOf, typesOf } from './schema_types.ts';
import type { Reading, Source } from './source.ts';

/** Deeper than any arguments: what is deeper is text. */
const MAX_DEPTH = 40;

/** Reads tags and what is in them. */
class Tree {
  private readonly source: Source;
  private readonly open: string;
  private readonly close: string;
  private readonly root: unknown;

  constructor(source: Source, mark: string, root: unknown) {
    this.source = source;
    this.open = `${mark}<`;
    this.close = `${mark}</`;
    this.root = root;
  }

  /** The name of a tag, if one is opened next. */
  *opened(): Reading<string | undefined> {
    yield* this.source.space();
    if ((yield* this.source.has(this.close)) || !(yield* this.source.skip(this.open))) return undefined;
    return (yield* this.source.upTo('>')).trim();
  }

  /** A value, with the tag behind it; undefined where the text ended inside of it. */
  *value(schema: unknown, depth = 0): Reading<{ readonly value: unknown } | undefined> {
    let text = '';
    const marks = depth < MAX_DEPTH ? [this.open, this.close] : [this.close];
    const found = yield* this.source.until(marks, (piece) => (text += piece));
    if (found === this.open) return yield* this.container(schema, depth);
    if (found === undefined || !(yield* this.closed())) return undefined;
    return { value: this.scalar(text, schema) };
  }

  /** A text, told while it comes. False: it ended inside of it. */
  *text(say: (json: string) => void): Reading<boolean> {
    say('"');
    const found = yield* this.source.until([this.close], (piece) => say(quoted(piece)));
    if (found === undefined || !(yield* this.closed())) return false;
    say('"');
    return true;
  }

  /** The tag behind a value. */
  private *closed(): Reading<boolean> {
    this.source.take(this.close.length);
    return (yield* this.source.until(['>'], () => undefined)) !== undefined && (yield* this.source.skip('>'));
  }

  private *container(schema: unknown, depth: number): Reading<{ readonly value: unknown } | undefined> {
    const types = typesOf(schema, this.root);
    const entries: [string, unknown][] = [];
    for (let key = yield* this.opened(); key !== undefined; key = yield* this.opened()) {
      const inList = key === 'item' && types.has('array');
      const part = inList ? itemsOf(schema, this.root) : memberOf(schema, key, this.root);
      const child = yield* this.value(part, depth + 1);
      if (child === undefined) return undefined;
      entries.push([key, child.value]);
    }
    if (!(yield* this.source.has(this.close)) || !(yield* this.closed())) return undefined;
    const isList = types.has('array') && entries.every(([key]) => key === 'item');
    return { value: isList ? entries.map(([, value]) => value) : Object.fromEntries(entries) };
  }

  private scalar(text: string, schema: unknown): unknown {
    const types = typesOf(schema, this.root);
    if (text === '' && !types.has('string') && types.has('array')) return [];
    if (text === '' && !types.has('string') && types.has('object')) return {};
    return JSON.parse(jsonOf(text, types)) as unknown;
  }
}

/** Reads the arguments of a call. @param name the tool's */
export function* readTree(
  mark: string,
  name: string,
  { source, sink }: { readonly source: Source; readonly sink: CallSink },
): Reading {
  const schema = sink.schemaOf(name);
  const tree = new Tree(source, mark, schema);
  const known = new Set<string>();
  sink.say('{');
  for (let key = yield* tree.opened(); key !== undefined; key = yield* tree.opened()) {
    const part = memberOf(schema, key, schema);
    const isTold = !known.has(key); // what is said twice counts once
    if (isTold) sink.say(`${known.size > 0 ? ', ' : ''}${JSON.stringify(key)}: `);
    known.add(key);
    if (isText(typesOf(part, schema))) {
      if (!(yield* tree.text((json) => isTold && sink.say(json)))) return;
      continue;
    }
    const read = yield* tree.value(part);
    if (read === undefined) return;
    if (isTold) sink.say(JSON.stringify(read.value));
  }
  if (!source.isEnd || (yield* source.has(`${mark}</`))) sink.say('}'); // cut off in a mark, it may go on with another one
}
