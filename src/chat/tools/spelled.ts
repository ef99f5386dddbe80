/** Calls as a model of a format would have written them, for templates that do not show a model its earlier calls. */
import type { Segment } from '../jinja/text.ts';
import type { CallShape, ToolFormat } from './format.ts';
import { generic } from './value_formats.ts';

/** A call with its arguments as data. */
export interface DoneCall {
  readonly id: string | undefined;
  readonly name: string;
  /** JSON text where the model wrote none that can be read. */
  readonly arguments: unknown;
}

/** JSON as Python and most templates write it: with a blank behind commas and colons. */
export function spacedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return `{${fieldsOf(value, (key, json) => `${JSON.stringify(key)}: ${json}`, spacedJson)}}`;
}

function fieldsOf(
  value: object,
  field: (key: string, text: string) => string,
  text: (value: unknown) => string,
): string {
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return entries.map(([key, each]) => field(key, text(each))).join(', ');
}

const words = new Map<unknown, string>([
  [true, 'True'],
  [false, 'False'],
  [null, 'None'],
]);

function pythonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return words.get(value) ?? JSON.stringify(value) ?? 'None';
  return `{${fieldsOf(value, (key, text) => `${JSON.stringify(key)}: ${text}`, pythonText)}}`;
}

type Writer = (call: DoneCall, shape: CallShape) => string;

const writers: Partial<Record<CallShape['kind'], Writer>> = {
  object: ({ id, name, arguments: args }, shape) => {
    if (shape.kind !== 'object') return '';
    const { keys } = shape;
    return spacedJson({ [keys.name]: name, [keys.arguments]: args, ...(keys.id && id && { [keys.id]: id }) });
  },
  keyed: ({ name, arguments: args }) => spacedJson({ [name]: args }),
  python: ({ name, arguments: args }) =>
    `${name}(${typeof args === 'object' && args !== null ? fieldsOf(args, (key, text) => `${key}=${text}`, pythonText) : ''})`,
};

/** Only the marks may become control tokens: names and arguments are data. */
export function spelled(calls: readonly DoneCall[], format: ToolFormat): Segment[] {
  const write = writers[format.shape.kind];
  if (!write) return spelled(calls, generic);
  const { section, begin = '', end = '', between = '', isList = false, shape } = format;
  const segments: Segment[] = [];
  const mark = (text: string) => segments.push({ text, trusted: true });
  mark((section?.begin ?? '') + (isList ? '[' : ''));
  for (const [i, call] of calls.entries()) {
    mark((i > 0 ? (isList ? ', ' : between) : '') + (typeof begin === 'string' ? begin : begin[0]!));
    segments.push({ text: write(call, shape), trusted: false });
    mark(end);
  }
  mark((isList ? ']' : '') + (section?.end ?? ''));
  return segments.filter(({ text }) => text !== '');
}
