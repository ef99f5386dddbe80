import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { CompiledGrammar, Matcher } from '../../../src/grammar/matcher.ts';
import { grammarOfSchema, type SchemaOptions } from '../../../src/grammar/schema/schema.ts';
import { Vocabulary } from '../../../src/grammar/vocabulary.ts';
import type { Dice } from '../dice.ts';

/** A case of the official suite. */
export interface Case {
  readonly description: string;
  readonly data: unknown;
  readonly valid: boolean;
}

export interface Group {
  readonly description: string;
  readonly schema: unknown;
  readonly tests: readonly Case[];
}

/** The official JSON Schema Test Suite by draft and file, `draft7/optional/format/date`. */
export function officialSuite(): Readonly<Record<string, readonly Group[]>> {
  const file = new URL('../../fixtures/json_schema/suite.json.gz', import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as Record<string, Group[]>;
}

/** A schema of the suite as its draft reads it. */
export function inDraft(schema: unknown, file: string): unknown {
  const isOld = file.startsWith('draft7/') && typeof schema === 'object' && schema !== null && !('$schema' in schema);
  return isOld ? { $schema: 'http://json-schema.org/draft-07/schema#', ...schema } : schema;
}

const END = 256;
const byteTexts = Array.from({ length: END }, (_, byte) => Uint8Array.of(byte));

/** One token for each byte, and one that ends. */
export const byteVocabulary = new Vocabulary({
  nVocab: END + 1,
  bytes: (token) => byteTexts[token] ?? new Uint8Array(),
  isControl: () => false,
  isEnd: (token) => token === END,
});

export const compiled = (schema: unknown, options?: SchemaOptions): CompiledGrammar =>
  new CompiledGrammar(grammarOfSchema(schema, options), byteVocabulary);

const encoder = new TextEncoder();

/** Whether the whole text fits. */
export function fits(grammar: CompiledGrammar, text: string): boolean {
  const matcher = new Matcher(grammar);
  return matcher.acceptBytes(encoder.encode(text)) && matcher.mayEnd;
}

/** How far the text fits. */
export function fittingPart(grammar: CompiledGrammar, text: string): string {
  const matcher = new Matcher(grammar);
  const bytes = encoder.encode(text);
  let n = 0;
  while (n < bytes.length && matcher.acceptBytes(bytes.subarray(n, n + 1))) n++;
  return new TextDecoder().decode(bytes.subarray(0, n));
}

/** The texts of a value, with keys in any order; some of them, where there are many. */
export function spellings(value: unknown, most = 300): string[] {
  const product = (parts: readonly string[][], separator: string): string[] =>
    parts.reduce<string[]>(
      (texts, part, i) => {
        const found = texts.flatMap((text) => part.map((more) => text + (i === 0 ? '' : separator) + more));
        return found.slice(0, most);
      },
      [''],
    );
  if (Array.isArray(value)) return product(value.map((item) => spellings(item, 8)), ',').map((text) => `[${text}]`); // prettier-ignore
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value)];
  const members = Object.entries(value).map(([key, inner]) =>
    spellings(inner, 8).map((text) => `${JSON.stringify(key)}:${text}`),
  );
  const orders = members.length <= 5 ? permutations(members) : [members];
  return orders.flatMap((order) => product(order, ',').map((text) => `{${text}}`)).slice(0, most);
}

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]];
  return list.flatMap((first, i) => permutations(list.toSpliced(i, 1)).map((rest) => [first, ...rest]));
}

/** How likely a byte is: texts should close what they open. */
function weight(byte: number, nBytes: number, most: number): number {
  const char = String.fromCharCode(byte);
  if ('}]"'.includes(char)) return nBytes > most / 3 ? 3_000 : 50;
  if ('{[,'.includes(char)) return nBytes > most / 3 ? 1 : 20;
  if (/\s|\\/.test(char) || byte >= 0x80) return 1;
  return /[0-9]/.test(char) ? 4 : 2;
}

/** A text of the grammar by chance, byte by byte under the mask; undefined where it grew too long. */
export function randomText(grammar: CompiledGrammar, dice: Dice, most = 1_500): string | undefined {
  const matcher = new Matcher(grammar);
  const text: number[] = [];
  while (text.length < most) {
    if (matcher.mayEnd && (matcher.isOver || dice.below(3) === 0 || text.length > most / 2)) {
      return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(text));
    }
    const mask = matcher.mask();
    const allowed = byteTexts.map((_, byte) => byte).filter((byte) => (mask[byte >> 5]! >>> (byte & 31)) & 1);
    if (allowed.length === 0) throw new Error(`a dead end behind ${String.fromCharCode(...text)}`);
    const weights = allowed.map((byte) => weight(byte, text.length, most));
    let at = dice.below(weights.reduce((a, b) => a + b));
    let i = 0;
    while (at >= weights[i]!) at -= weights[i++]!;
    matcher.accept(allowed[i]!);
    text.push(allowed[i]!);
  }
  return undefined;
}

/** Whether an object of the text has a key twice, which `JSON.parse` passes over. */
export function hasTwice(text: string): boolean {
  const objects: (Set<string> | undefined)[] = [];
  for (const { 0: piece, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (piece === '{') objects.push(new Set());
    else if (piece === '[') objects.push(undefined);
    else if (piece === '}' || piece === ']') objects.pop();
    else if (/^\s*:/.test(text.slice(index + piece.length, index + piece.length + 60))) {
      const key = JSON.parse(piece) as string;
      if (objects.at(-1)!.has(key)) return true;
      objects.at(-1)!.add(key);
    }
  }
  return false;
}
