/** How the bodies of calls are read: one reader for each shape, which tells name and arguments while they come. */
import type { CallSink } from './call_sink.ts';
import type { MarkedShape, ObjectShape, Parameters, TaggedShape, TreeShape } from './format.ts';
import { jsonData, jsonValue, parsed, quoted } from './json_text.ts';
import { literal, python, type Dialect } from './literals.ts';
import { isText, jsonOf, propertiesOf, propertyTypes } from './schema_types.ts';
import type { Reading, Source } from './source.ts';
import { isName } from './tool.ts';
import { readTree } from './tree.ts';

/** Where a call ends, as its format says. */
interface Place {
  readonly source: Source;
  readonly sink: CallSink;
  readonly end: string;
}

/** False: it was no call. What was read of it is then the caller's to tell as text. */
export function readCall(shape: MarkedShape, place: Place): Reading<boolean> {
  switch (shape.kind) {
    case 'object':
      return readObject(shape, place);
    case 'keyed':
      return readKeyed(place);
    case 'tagged':
      return readTagged(shape, place);
    case 'python':
      return readPython(place);
    case 'braces':
      return readBraces(shape, place);
    case 'tree':
      return readNamedTree(shape, place);
  }
}

const names = ['name', 'tool_name', 'function'];
const argumentNames = ['arguments', 'parameters', 'args'];
const idNames = ['id', 'tool_call_id', 'call_id'];

function* readObject({ keys }: ObjectShape, { source, sink }: Place): Reading<boolean> {
  if (!(yield* source.skip('{'))) return false;
  const is = (key: string, own: string | undefined, others: readonly string[]) => key === own || others.includes(key);
  let id: string | undefined;
  let isCall = false;
  let isSaid = false;
  let held = '';
  for (;;) {
    yield* source.space();
    if (yield* source.skip(',')) yield* source.space();
    if (yield* source.skip('}')) break;
    if (source.isOver) return isCall;
    if (!(yield* source.has('"'))) return isCall;
    const key = yield* jsonData(source);
    yield* source.space();
    if (typeof key !== 'string' || !(yield* source.skip(':'))) return isCall;
    yield* source.space();
    if (!isCall && is(key, keys.name, names)) {
      const name = yield* jsonData(source);
      if (typeof name !== 'string' || !sink.begin(name, id)) return false;
      isCall = true;
      if (held !== '') sink.say(held);
    } else if (!isSaid && is(key, keys.arguments, argumentNames)) {
      isSaid = true;
      yield* readArguments(source, (piece) => (isCall ? sink.say(piece) : (held += piece)));
    } else {
      const value = yield* jsonData(source);
      if (is(key, keys.id, idNames) && typeof value === 'string' && value !== '') id = value;
    }
  }
  if (isCall && !isSaid) sink.say('{}');
  return isCall;
}

/** Arguments as JSON; some models write them as a text that holds JSON. */
function* readArguments(source: Source, say: (json: string) => void): Reading {
  if (yield* source.has('{')) return yield* jsonValue(source, say);
  let text = '';
  yield* jsonValue(source, (piece) => (text += piece));
  const value = parsed(text);
  const inner = typeof value === 'string' ? parsed(value) : value;
  if (inner === null || inner === '') say('{}');
  else say(typeof value === 'string' && typeof inner === 'object' ? value : text);
}

function* readKeyed({ source, sink }: Place): Reading<boolean> {
  if (!(yield* source.skip('{'))) return false;
  yield* source.space();
  const name = (yield* source.has('"')) ? yield* jsonData(source) : undefined;
  yield* source.space();
  if (typeof name !== 'string' || !(yield* source.skip(':')) || !sink.begin(name)) return false;
  yield* source.space();
  yield* readArguments(source, (piece) => sink.say(piece));
  yield* source.space();
  yield* source.skip('}');
  return true;
}

/** White space at the ends of a mark may be missing; a mark of nothing else stays. */
export const core = (mark: string): string => mark.trim() || mark;

function* readTagged(shape: TaggedShape, { source, sink, end }: Place): Reading<boolean> {
  const { before = '', after, head, close = '' } = shape;
  const parameters = shape.arguments === 'json' ? undefined : shape.arguments;
  yield* source.space();
  if (before !== '' && !(yield* source.skip(core(before)))) return false;
  const stops = after === undefined ? [parameters?.begin ?? '{', close, end].map(core) : [core(after)];
  let read = '';
  const stop = yield* source.until(stops.filter((mark) => mark !== ''), (piece) => (read += piece)); // prettier-ignore
  if (stop === undefined && read.trim() === '') return false;
  if (stop !== undefined && after !== undefined) source.take(stop.length);
  const { name, id } = head ? (head.read(read.trim()) ?? {}) : { name: read.trim() };
  if (!name || !sink.begin(name, id)) return false;
  yield* source.space();
  if (parameters) yield* readParameters(parameters, name, { source, sink, end: core(close || end) });
  else if (yield* source.has('{')) yield* jsonValue(source, (piece) => sink.say(piece));
  else sink.say('{}');
  yield* source.space();
  if (close !== '') yield* source.skip(core(close));
  return true;
}

function* readParameters(parameters: Parameters, name: string, { source, sink, end }: Place): Reading {
  const { begin, middle, open, typed } = parameters;
  const schema = sink.schemaOf(name);
  const known = new Set<string>();
  sink.say('{');
  for (;;) {
    yield* source.space();
    if (!(yield* source.skip(core(begin)))) break;
    const head = yield* source.upTo(core(middle));
    if (open !== undefined) {
      yield* source.space();
      yield* source.skip(open);
    }
    const key = typed ? head.slice(0, Math.max(0, head.indexOf('"'))) : head.trim();
    const isSaid = typed ? typed.isText.test(head) : isText(propertyTypes(schema, key));
    const types = typed && !isSaid ? notText(propertyTypes(schema, key)) : propertyTypes(schema, key);
    if (known.has(key))
      yield* readValue(parameters, source, () => undefined); // what is said twice counts once
    else {
      sink.say(`${known.size > 0 ? ', ' : ''}${JSON.stringify(key)}: `);
      if (isSaid) yield* readText(parameters, { source, sink });
      else sink.say(jsonOf(yield* wholeValue(parameters, types, source), types));
    }
    known.add(key);
  }
  if (!source.isEnd || (yield* source.has(end))) sink.say('}'); // cut off in a mark, it may go on with another one
}

function* readNamedTree({ after, mark }: TreeShape, { source, sink }: Place): Reading<boolean> {
  let name = '';
  if ((yield* source.until([core(after)], (piece) => (name += piece))) === undefined) return false;
  source.take(core(after).length);
  if (!sink.begin(name.trim())) return false;
  yield* readTree(mark, name.trim(), { source, sink });
  return true;
}

const notText = (types: ReadonlySet<string>): ReadonlySet<string> =>
  types.size > 1 ? new Set([...types].filter((type) => type !== 'string')) : types;

/** A text, told while it comes. */
function* readText(parameters: Parameters, { source, sink }: Omit<Place, 'end'>): Reading {
  sink.say('"');
  if (yield* readValue(parameters, source, (piece) => sink.say(quoted(piece)))) sink.say('"');
}

function* wholeValue(parameters: Parameters, types: ReadonlySet<string>, source: Source): Reading<string> {
  let value = '';
  yield* readValue(parameters, source, (piece) => (value += piece), types);
  return value;
}

/**
 * A value as it is spelled, with the mark behind it. The last line break waits: it may belong to the mark. An object, where it may be one, is
 * read as one, whatever stands in its texts. False: the text ended inside it.
 */
function* readValue(
  { end, lines, wrapped }: Parameters,
  source: Source,
  say: (text: string) => void,
  types: ReadonlySet<string> = new Set(),
): Reading<boolean> {
  const isWrapped = wrapped !== undefined && (yield* source.skip(wrapped[0]));
  if (lines) yield* source.skip('\n');
  if (types.size > 0) yield* source.need(1);
  const first = source.rest[0];
  if ((first === '{' && types.has('object')) || (first === '[' && types.has('array'))) yield* jsonValue(source, say);
  let held = '';
  const mark = core(end);
  const found = yield* source.until(isWrapped ? [wrapped[1]] : [mark], (piece) => {
    const all = held + piece;
    held = lines && all.endsWith('\n') ? '\n' : '';
    const said = all.slice(0, all.length - held.length);
    if (said !== '') say(said);
  });
  if (isWrapped) yield* source.skip(wrapped[1]);
  yield* source.space();
  yield* source.skip(mark);
  return found !== undefined;
}

/** `name(key=value, …)`: arguments without a key are the schema's properties in their order. */
function* readPython({ source, sink }: Place): Reading<boolean> {
  const name = (yield* source.upTo('(')).trim();
  if (!isName.test(name) || !sink.begin(name)) return false;
  const properties = propertiesOf(sink.schemaOf(name));
  sink.say('{');
  for (let n = 0; ; n++) {
    yield* source.space();
    if (n > 0 && (yield* source.skip(','))) yield* source.space();
    if (yield* source.skip(')')) break;
    if (source.isOver) return true;
    const key = (yield* keyOf(source)) ?? properties[n] ?? String(n);
    sink.say(`${n > 0 ? ', ' : ''}${JSON.stringify(key)}: `);
    const before = source.nRead;
    if (!(yield* literal(source, (piece) => sink.say(piece), python))) return true;
    if (source.nRead === before) source.take(1); // what is no value is passed over
  }
  sink.say('}');
  return true;
}

/** The name before a `=`, if there is one. */
function* keyOf(source: Source): Reading<string | undefined> {
  for (let n = 1; yield* source.need(n); n++) {
    const read = source.rest.slice(0, n);
    const key = /^([\p{L}_][\p{L}\p{N}_]*)\s*=$/u.exec(read)?.[1];
    if (key !== undefined) source.take(n);
    if (key !== undefined || !/^[\p{L}_][\p{L}\p{N}_]*\s*$/u.test(read)) return key;
  }
  return undefined;
}

function* readBraces({ before, quote }: { before: string; quote: string }, { source, sink }: Place): Reading<boolean> {
  yield* source.space();
  if (!(yield* source.skip(before))) return false;
  let name = '';
  if ((yield* source.until(['{'], (piece) => (name += piece))) === undefined) return false;
  if (!sink.begin(name.trim())) return false;
  const dialect: Dialect = { quotes: [quote], hasEscapes: false };
  yield* literal(source, (piece) => sink.say(piece), dialect);
  return true;
}
