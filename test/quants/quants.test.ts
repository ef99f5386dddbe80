import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encoderOf } from '../../src/compress/encode/index.ts';
import { quantByGgmlType, quantByName, quants } from '../../src/quants/index.ts';
import type { QuantType } from '../../src/quants/quant_type.ts';

const fixtures = new URL('../fixtures/quants/', import.meta.url);

interface Goldens {
  readonly nInput: number;
  readonly nRandom: number;
  readonly nHashed: number;
  readonly sha256: Readonly<Record<string, string>>;
  readonly weighted: Readonly<Record<string, string>>;
}

const goldens = JSON.parse(readFileSync(new URL('goldens.json', fixtures), 'utf8')) as Goldens;
const bytesOf = (file: string): Uint8Array => Uint8Array.from(readFileSync(new URL(file, fixtures)));
const floatsOf = (file: string): Float32Array => new Float32Array(bytesOf(file).buffer);

await Promise.all(quants.map(({ load }) => load?.()));
const decodable = quants.filter((q) => q.dequantize !== undefined);
const encodable = quants.filter((q) => encoderOf(q) !== undefined);
const bytesFor = (q: QuantType, nWeights: number): number => (nWeights / q.blockSize) * q.blockBytes;

function decode(q: QuantType, blocks: Uint8Array): Float32Array {
  const weights = new Float32Array((blocks.length / q.blockBytes) * q.blockSize);
  q.dequantize!(blocks, weights);
  return weights;
}

function encode(q: QuantType, weights: Float32Array, importance?: Float32Array): Uint8Array {
  const blocks = new Uint8Array(bytesFor(q, weights.length));
  encoderOf(q)!(weights, blocks, importance);
  return blocks;
}

/** Near-gaussian weights, the generator of scripts/quant_goldens.py: four draws each, scaled by a power of 2 per 64. */
function pseudoGaussian(n: number): Float32Array {
  const out = new Float32Array(n);
  let state = 1;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let draw = 0; draw < 4; draw++) {
      state = (Math.imul(1664525, state) + 1013904223) >>> 0;
      sum += state;
    }
    out[i] = (sum / 2 ** 32 - 2) * 2 ** -(Math.floor(i / 64) % 7);
  }
  return out;
}

describe('the table of quant types', () => {
  it('has no name and no id twice, and finds each by both', () => {
    for (const q of quants) {
      expect(quantByName.get(q.name)).toBe(q);
      expect(quantByGgmlType.get(q.ggmlType)).toBe(q);
    }
    expect(quantByName.size).toBe(quants.length);
    expect(quantByGgmlType.size).toBe(quants.length);
  });

  it('has a golden for every type it can decode, and none for any other', () => {
    const blocks = readdirSync(fixtures).filter((file) => file.endsWith('.blocks'));
    expect(blocks.sort()).toEqual(decodable.map((q) => `${q.name}.blocks`).sort());
    expect(Object.keys(goldens.sha256).sort()).toEqual(encodable.map((q) => q.name).sort());
    expect(Object.keys(goldens.weighted).length).toBe(11);
  });

  it('can encode every type it can decode, but those that want an importance matrix or a search of their own', () => {
    const only = decodable.filter((q) => !encodable.includes(q)).map((q) => q.name);
    expect(only).toEqual(['iq2_xxs', 'iq2_xs', 'iq3_xxs', 'iq1_s', 'iq3_s', 'iq2_s', 'iq1_m', 'nvfp4']);
  });

  it.each([
    ['iq2_xxs', '05826b5d3e472a3a'],
    ['iq2_xs', '06e47aaca60b4dc1'],
    ['iq2_s', 'e1aa1473412b0552'],
    ['iq3_xxs', '46e35f5a997efdee'],
    ['iq3_s', 'bd1af4945a1717c6'],
    ['iq1', '07540ffc1aeaf6ad'],
  ])('has the grid of %s as ggml has it', async (name, sha256) => {
    const { expand, digitBytes: _, ...grids } = await import('../../src/quants/grids.ts');
    const numbers = expand(grids[name as keyof typeof grids]);
    expect(createHash('sha256').update(numbers).digest('hex').slice(0, 16)).toBe(sha256);
  });

  it('carries the encoders of types that caches are kept in, and no other: a page loads it', () => {
    expect(quants.filter((q) => q.quantize !== undefined).map((q) => q.name)).toEqual(['f32', 'f16', 'q8_0']);
  });

  it('has a source file named after every type it can decode, and one with its encoder, unless caches need that', () => {
    for (const { name, quantize } of encodable) {
      const has = (path: string) => existsSync(new URL(`../../src/${path}`, import.meta.url));
      expect(has(`quants/${name}.ts`)).toBe(true);
      expect(has(`compress/encode/${name}.ts`)).toBe(quantize === undefined);
    }
  });

  it('keeps its goldens small', () => {
    const total = readdirSync(fixtures).reduce((sum, file) => sum + bytesOf(file).length, 0);
    expect(total).toBeLessThan(200_000);
  });
});

describe.each(decodable)('$name', (q) => {
  const blocks = bytesOf(`${q.name}.blocks`);
  const weights = floatsOf(`${q.name}.f32`);
  const isEncoded = encodable.includes(q);

  it('decodes the bytes ggml made, and random bytes, to the same floats as ggml', () => {
    expect(blocks.length).toBe(bytesFor(q, (isEncoded ? goldens.nInput : 0) + goldens.nRandom));
    expect(decode(q, blocks)).toEqual(weights);
  });

  it('decodes from any byte offset and from shared memory', () => {
    for (const offset of [0, 1, 2, 3]) {
      const shared = new Uint8Array(new SharedArrayBuffer(offset + blocks.length), offset);
      shared.set(blocks);
      expect(decode(q, shared)).toEqual(weights);
    }
  });

  if (q.halves && !q.scaleMask) {
    it('says where all f16 numbers of a block are: without them every weight is zero', () => {
      const zeroed = blocks.slice();
      for (let at = 0; at < zeroed.length; at += q.blockBytes) {
        for (const offset of q.halves!) zeroed.fill(0, at + offset, at + offset + 2);
      }
      expect(decode(q, zeroed).every((weight) => weight === 0)).toBe(true);
      // side by side, as the kernel that looks for damage takes them
      expect(q.halves).toEqual(q.halves!.map((_, i) => q.halves![0]! + 2 * i));
    });
  }

  it('decodes into the middle of a buffer without touching the rest', () => {
    const floats = new Float32Array(weights.length + 2).fill(7);
    q.dequantize!(blocks, floats.subarray(1, weights.length + 1));
    expect([floats[0], floats[weights.length + 1]]).toEqual([7, 7]);
    expect(floats.subarray(1, weights.length + 1)).toEqual(weights);
    expect(decode(q, new Uint8Array(0)).length).toBe(0);
  });
});

describe.each(encodable)('$name', (q) => {
  const blocks = bytesOf(`${q.name}.blocks`);
  const weights = floatsOf(`${q.name}.f32`);

  it('encodes from the middle of a buffer without touching the rest', () => {
    const nWeights = weights.length;
    const floats = new Float32Array(nWeights + 2).fill(7);
    floats.set(weights, 1);
    const bytes = new Uint8Array(blocks.length + 3).fill(7);
    encoderOf(q)!(floats.subarray(1, nWeights + 1), bytes.subarray(1, blocks.length + 1));
    expect([bytes[0], bytes[blocks.length + 1], bytes[blocks.length + 2]]).toEqual([7, 7, 7]);
    expect(bytes.subarray(1, blocks.length + 1)).toEqual(encode(q, weights));
  });

  it('encodes the input to the bytes ggml makes, whatever the buffer held before', () => {
    const dirty = new Uint8Array(bytesFor(q, goldens.nInput)).fill(0xa5);
    encoderOf(q)!(floatsOf('input.f32'), dirty);
    expect(dirty).toEqual(blocks.subarray(0, dirty.length));
  });

  it('encodes 65,536 pseudo-gaussian weights to the bytes ggml makes', () => {
    const hash = createHash('sha256').update(encode(q, pseudoGaussian(goldens.nHashed)));
    expect(hash.digest('hex')).toBe(goldens.sha256[q.name]);
  });

  it('encodes with an importance matrix to the bytes ggml makes, or as without one', () => {
    const importance = pseudoGaussian(goldens.nInput).map((x, i) => (i % 5 === 0 ? 0 : x * x));
    const both = [pseudoGaussian(goldens.nHashed), floatsOf('input.f32')];
    const hash = createHash('sha256');
    const ignores = createHash('sha256');
    for (const floats of both) hash.update(encode(q, floats, importance));
    for (const floats of both) ignores.update(encode(q, floats));
    expect(hash.digest('hex')).toBe(goldens.weighted[q.name] ?? ignores.digest('hex'));
  });

  it('accepts an empty row', () => {
    expect(encode(q, new Float32Array(0)).length).toBe(0);
  });

  it('keeps the harm of an infinite, NaN, huge or denormal weight inside its block', () => {
    const clean = pseudoGaussian(512);
    for (const hostile of [Infinity, -Infinity, NaN, 3.4e38, -3.4e38, 1e-45, 1e-40]) {
      const harmed = clean.slice();
      harmed[100] = hostile;
      const unharmed = bytesFor(q, 256);
      expect(encode(q, harmed).subarray(unharmed)).toEqual(encode(q, clean).subarray(unharmed));
      expect(encode(q, harmed.fill(hostile)).length).toBe(bytesFor(q, 512));
    }
  });
});

describe.each(decodable.filter((q) => q.halves && !q.scaleMask))('a hostile $name block', (q) => {
  it('decodes to NaN where its scale is NaN, not to plausible weights', () => {
    expect(decode(q, new Uint8Array(2 * q.blockBytes).fill(0x7e))).toEqual(new Float32Array(2 * q.blockSize).fill(NaN));
  });
});

/**
 * Error of one trip through each type, relative to the weights' own RMS, on the pseudo-gaussian weights: ggml's, measured,
 * rounded up in the second digit. A quantiser that gets worse fails.
 */
const relativeErrors: Readonly<Record<string, number>> = {
  f32: 0,
  f16: 0.00021,
  bf16: 0.0017,
  q8_0: 0.005,
  q6_k: 0.017,
  q5_k: 0.035,
  q5_1: 0.037,
  q5_0: 0.041,
  q4_k: 0.069,
  q4_1: 0.075,
  q4_0: 0.082,
  q3_k: 0.15,
  q2_k: 0.29,
  iq4_nl: 0.077,
  iq4_xs: 0.075,
  mxfp4: 0.12,
  q1_0: 0.71,
  q2_0: 0.68,
  tq1_0: 0.74,
  tq2_0: 0.74,
};

describe.each(encodable)('a trip through $name', (q) => {
  const weights = pseudoGaussian(16_384);

  it('loses no more than the type must', () => {
    const back = decode(q, encode(q, weights));
    let error = 0;
    let power = 0;
    for (let i = 0; i < weights.length; i++) {
      error += (back[i]! - weights[i]!) ** 2;
      power += weights[i]! ** 2;
    }
    expect(Math.sqrt(error / power)).toBeLessThanOrEqual(relativeErrors[q.name] ?? NaN);
  });
});
