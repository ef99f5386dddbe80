import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { control, CONTROL_AT, status } from '../../src/backends/wasm/control.ts';
import {
  BROKEN_DOT,
  GRID_BYTES,
  header,
  kvBlock,
  packWords,
  stepWords,
  textWords,
} from '../../src/backends/wasm/words.ts';
import type { Op } from '../../src/graph/graph.ts';
import { RING_BLOCK } from '../../src/graph/layer_state.ts';
import { opCases } from '../cases/index.ts';
import { quantByName } from '../../src/quants/index.ts';
import { DOT } from './kernels.ts';

/** All of assembly/, as text. */
const folder = new URL('../../assembly/', import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const sources = new Map(files.map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]));
const assembly = [...sources.values()].join('\n');

interface Field {
  readonly name: string;
  readonly type: string;
}

/** The text of the one class whose head fits. */
function bodyOf(head: RegExp, text = assembly): string {
  const found = [...text.matchAll(new RegExp(`class ${head.source} \\{\\n([\\s\\S]*?)\\n\\}`, 'g'))];
  expect(found.length, `classes ${head.source}`).toBe(1);
  return found[0]!.at(-1)!;
}

/** Fields of a class without methods, in order; each takes a word. */
const fieldsOf = (body: string): Field[] =>
  [...body.matchAll(/^ {2}(\w+): (\w+);/gm)].map(([, name, type]) => ({ name: name!, type: type! }));

/** `{ first: 0, second: 1, …, length }` */
const wordsOf = (fields: readonly Field[]) =>
  Object.fromEntries([...fields.map(({ name }) => name), 'length'].map((name, i) => [name, i]));

const numberOf = (name: string): number => Number(new RegExp(`const ${name}: u32 = (\\d+);`).exec(assembly)?.[1]);

describe('words that both sides know are where assembly/ has them', () => {
  test('headers of records, steps, and records that pack', () => {
    expect(header).toEqual(wordsOf(fieldsOf(bodyOf(/Record/))));
    expect(stepWords).toEqual(wordsOf(fieldsOf(bodyOf(/Step/))));
    expect(textWords).toEqual(wordsOf(fieldsOf(bodyOf(/StepText/))));
    expect(packWords).toEqual(wordsOf(fieldsOf(bodyOf(/PackRowsRecord extends Record/))));
  });

  test('the control block', () => {
    const body = bodyOf(/Control/);
    const getters = [...body.matchAll(/get (\w+)\(\): usize \{\s*return changetype<usize>\(this\) \+ (\d+);/g)];
    const places = new Map(getters.map(([, name, offset]) => [name!, Number(offset)]));
    fieldsOf(body).forEach(({ name }, i) => places.set(name, 4 * i));
    for (const [name, word] of Object.entries(control)) expect(4 * word - CONTROL_AT, name).toBe(places.get(name));
  });

  test('what numbers mean: results of a run, dot products, blocks of caches', () => {
    expect(status).toEqual({ done: numberOf('DONE'), waiting: numberOf('WAITING'), aborted: numberOf('ABORTED') });
    expect(BROKEN_DOT).toBe(numberOf('BROKEN'));
    expect(DOT).toEqual({
      broken: numberOf('BROKEN'),
      sevenBit: numberOf('SEVEN_BIT'),
      unsigned: numberOf('UNSIGNED'),
      signed: numberOf('SIGNED'),
    });
    expect(RING_BLOCK).toBe(numberOf('BLOCK'));
    const inBlock = (name: string): number =>
      Number(new RegExp(`get ${name}\\(\\): u32 \\{\\s*return (\\d+);`).exec(bodyOf(/KvLevels/))![1]);
    expect(kvBlock).toEqual({ bytes: inBlock('blockBytes'), levels: inBlock('levels') });
  });
});

test('every grid is where assembly/lib/grids.ts looks for it', async () => {
  const { expand, digitBytes, ...grids } = await import('../../src/quants/grids.ts');
  const digits = await quantByName.get('iq1_s')!.grids!();
  expect(digits.length).toBe(GRID_BYTES);
  for (const [name, grid] of Object.entries(grids)) {
    const getter = new RegExp(`static get ${name}\\(\\): usize \\{\\s*return base(?: \\+ (\\d+))?;`).exec(assembly)!;
    const bytes = digitBytes(grid);
    const at = Number(getter[1] ?? 0);
    expect(digits.subarray(at, at + bytes.length), name).toEqual(bytes);
    expect(expand(grid).length, 'rows of 16 bits').toBe((bytes.length / 2) * grid.width);
  }
});

describe('a record of an op holds its operands, then its scalars', () => {
  const ops = [...new Set(opCases.map(({ op }) => op))];

  /** The kernel's own class, or the one that it takes from elsewhere. */
  function recordOf({ name }: Op): Field[] {
    const kernel = sources.get(`${name}.ts`)!;
    const own = /class (\w+Record) extends Record/.exec(kernel);
    const record = (own ?? /\b(\w+Record)\b/.exec(kernel.replace(/import \{ Record \}.*\n/, '')))![1]!;
    return fieldsOf(bodyOf(new RegExp(`${record} extends Record`)));
  }

  for (const op of ops) {
    test(op.name, () => {
      const fields = recordOf(op);
      const nOperands = 1 + Math.max(...opCases.filter((each) => each.op === op).map(({ inputs }) => inputs.length));
      const scalars = op.scalars.map(({ name, type }) => ({ name, type }));
      expect(fields.slice(0, nOperands).map(({ type }) => type)).toEqual(new Array(nOperands).fill('usize'));
      expect(fields.slice(nOperands, nOperands + scalars.length)).toEqual(scalars);
    });
  }
});
