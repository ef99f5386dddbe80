/** Types of tensors, mix by mix, against what llama.cpp chooses (scripts/mix_goldens.py). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Importance } from '../../src/compress/importance.ts';
import { mixNamed } from '../../src/compress/mixes.ts';
import { mixNames, planQuantization } from '../../src/compress/quantize.ts';
import { createMetadata } from '../../src/gguf/metadata.ts';
import type { GgufFile, GgufTensor } from '../../src/gguf/read.ts';
import type { MetadataValue } from '../../src/gguf/value_types.ts';
import { quantByName } from '../../src/quants/index.ts';

type Types = readonly [plain: string | null, weighted: string | null, pure: string | null];

interface Golden {
  readonly family: string;
  readonly keys: Readonly<Record<string, number>>;
  readonly tensors: readonly (readonly [name: string, shape: readonly number[]])[];
  readonly mixes: Readonly<Record<string, Types>>;
}

const goldens = JSON.parse(readFileSync(new URL('../fixtures/compress/mixes.json', import.meta.url), 'utf8')) as {
  readonly letters: Readonly<Record<string, string>>;
  readonly models: Readonly<Record<string, Golden>>;
};

const f32 = quantByName.get('f32')!;

const u32 = (value: number): MetadataValue => ({ type: 'u32', value });

/** A file that nobody reads weights of. */
function fileOf({ family, keys, tensors }: Golden): GgufFile {
  const numbers = Object.entries(keys).map(([key, value]) => [`${family}.${key}`, u32(value)] as const);
  const name = ['general.architecture', { type: 'string', value: family } as MetadataValue] as const;
  const all = tensors.map(([name, shape]): GgufTensor => {
    const sizeBytes = 4 * shape.reduce((product, n) => product * n, 1);
    return { name, quant: f32, shape, shardIndex: 0, offsetBytes: 0, sizeBytes };
  });
  return {
    ...{ version: 3, alignment: 32, metadataRanges: new Map(), sources: [] },
    metadata: createMetadata(new Map([name, ...numbers]), 'a model'),
    tensors: new Map(all.map((tensor) => [tensor.name, tensor])),
  };
}

function onesFor({ tensors }: Golden): Importance {
  const matrices = tensors.filter(([, shape]) => shape.length > 1);
  const columns = matrices.map(([name, shape]) => {
    const size = shape.reduce((product, n) => product * n, 1) / shape.at(-2)!;
    return [name, new Float32Array(size).fill(1)] as const;
  });
  return { name: 'ones', datasets: [], nChunks: 1, columns: new Map(columns) };
}

const ways = ['plain', 'weighted', 'pure'] as const;

describe.each(Object.entries(goldens.models))('%s', (_, golden) => {
  const file = fileOf(golden);

  it.each(ways)('every tensor gets the type that llama.cpp gives it: %s', (way) => {
    const options = { pure: way === 'pure', ...(way === 'weighted' && { importance: onesFor(golden) }) };
    for (const [mix, types] of Object.entries(golden.mixes)) {
      const expected = types[ways.indexOf(way)];
      if (expected == null) continue; // see below
      const { tensors } = planQuantization(file, mix, options);
      const came = tensors.map(({ from, quant }) => `${from.name} ${quant.name}`);
      const wanted = [...expected].map((letter, i) => `${golden.tensors[i]![0]} ${goldens.letters[letter]}`);
      expect(came, mix).toEqual(wanted);
    }
  });
});

it('has all mixes of the goldens, and llama.cpp refuses only what wants an importance matrix, and q1_0 where rows do not fit', () => {
  const models = Object.values(goldens.models);
  expect([...mixNames].sort()).toEqual(Object.keys(models[0]!.mixes).sort());
  const refused = models.flatMap(({ mixes }) =>
    Object.entries(mixes).flatMap(([mix, types]) =>
      types.flatMap((each, i) => (each === null ? `${mix} ${ways[i]}` : [])),
    ),
  );
  expect(new Set(refused)).toEqual(
    new Set(['Q2_K_S plain', 'Q2_K_S pure', 'Q1_0 plain', 'Q1_0 weighted', 'Q1_0 pure']),
  );
});

it('refuses Q2_K_S without an importance matrix, and says what to do', () => {
  const file = fileOf(goldens.models['llama']!);
  expect(() => planQuantization(file, 'Q2_K_S')).toThrow(/wants the importance of columns.*thimble imatrix.*Q2_K/);
});

it('takes names in capitals or not, and those that people say for short', () => {
  expect(['q4_k_m', 'Q4-K-M', 'q4_K', 'mxfp4_moe', 'IQ4_xs'].map(mixNamed)).toEqual([
    ...['Q4_K_M', 'Q4_K_M', 'Q4_K_M', 'MXFP4_MOE', 'IQ4_XS'],
  ]);
  expect(['Q4_K_L', 'toString', '', 'TQ1_0', 'Q2_0'].map(mixNamed)).toEqual(Array(5).fill(undefined));
});

it('gives tensors the types that they are given by name, or the nearest that fits', () => {
  const file = fileOf(goldens.models['llama with rows of 288 and 544']!);
  const tensorTypes = [
    [/attn_v/, 'q8_0'],
    [/blk\.[01]\.attn/, 'q6_k'],
  ] as const;
  const { tensors } = planQuantization(file, 'Q4_0', { tensorTypes });
  const typeOf = (name: string) => tensors.find(({ from }) => from.name === name)!.quant.name;
  expect(typeOf('blk.1.attn_v.weight')).toBe('q8_0');
  expect(typeOf('blk.1.attn_k.weight')).toBe('q8_0'); // in place of q6_k, whose blocks have 256
  expect(typeOf('blk.2.attn_k.weight')).toBe('q4_0');
  expect(() => planQuantization(file, 'Q4_0', { tensorTypes: [[/x/, 'q9']] })).toThrow(
    /cannot quantise to "q9"; there are/,
  );
});

it('refuses an importance matrix of another model', () => {
  const golden = goldens.models['llama']!;
  const importance = { ...onesFor(golden), columns: new Map([['blk.1.attn_k.weight', new Float32Array(64)]]) };
  const plan = () => planQuantization(fileOf(golden), 'Q4_0', { importance });
  expect(plan).toThrow(/importance of 64 columns of blk.1.attn_k.weight, the model 256/);
});
