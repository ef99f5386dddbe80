import { describe, expect, it, test } from 'vitest';
import { FormatError, ResourceError, UnsupportedError } from '../../src/base/errors.ts';
import { limits } from '../../src/gguf/limits.ts';
import { readGguf } from '../../src/gguf/read.ts';
import type { GgufFile } from '../../src/gguf/read.ts';
import { entry, ggufBytes, id, memorySource, tensorInfo, text, u32, u64, u8 } from '../helpers/gguf_bytes.ts';
import type { Bytes, FileParts } from '../helpers/gguf_bytes.ts';

/** A file of `size` zero bytes that starts with `parts`. */
const virtual = (parts: FileParts, size: number) => readGguf(memorySource(ggufBytes(parts), 'crafted.gguf', size));
const huge = 1e12;

const array = (typeId: number, length: number | bigint, values: Bytes = []): Bytes => [
  ...u32(typeId),
  ...u64(length),
  ...values,
];

const nested = (depth: number): Bytes => (depth === 0 ? array(id.u8, 0) : array(id.array, 1, nested(depth - 1)));

/** Four arrays of the most 8-byte numbers, which fill the header without any other limit being met. */
function longHeader(): Promise<GgufFile> {
  const arrayBytes = 8 * limits.arrayLength.max;
  const heads = ['a', 'b', 'c', 'd', 'e'].map((key) =>
    Uint8Array.from(entry(key, id.array, array(id.u64, limits.arrayLength.max))),
  );
  const start = ggufBytes({ nMetadata: 5 });
  return readGguf({
    name: 'crafted.gguf',
    size: huge,
    read(offsetBytes, into) {
      const put = (bytes: Uint8Array, at: number) => {
        for (let i = 0; i < bytes.length; i++)
          if (at + i >= offsetBytes && at + i < offsetBytes + into.length) into[at + i - offsetBytes] = bytes[i]!;
      };
      put(start, 0);
      heads.forEach((head, i) => put(head, start.length + i * (head.length + arrayBytes)));
      return Promise.resolve();
    },
  });
}

/** One crafted file, or more, for each limit. */
const crafted: Record<keyof typeof limits, (() => Promise<GgufFile>)[]> = {
  headerBytes: [longHeader],
  metadataEntries: [() => virtual({ nMetadata: 65_537 }, huge), () => virtual({ nMetadata: 2n ** 64n - 1n }, huge)],
  tensors: [() => virtual({ nTensors: 65_537 }, huge), () => virtual({ nTensors: 2n ** 63n }, huge)],
  keyBytes: [() => virtual({ nMetadata: 1, metadata: [u64(65_536)] }, huge)],
  tensorNameBytes: [() => virtual({ tensors: [tensorInfo({ name: 'n'.repeat(257) })] }, huge)],
  stringBytes: [
    () => virtual({ metadata: [entry('s', id.string, u64(8 * 2 ** 20 + 1))] }, huge),
    () => virtual({ metadata: [entry('s', id.array, array(id.string, 1, u64(2n ** 64n - 1n)))] }, huge),
  ],
  arrayLength: [
    () => virtual({ metadata: [entry('a', id.array, array(id.u8, 4_194_305))] }, huge),
    () => virtual({ metadata: [entry('a', id.array, array(id.string, 2n ** 62n))] }, huge),
  ],
  arrayDepth: [() => virtual({ metadata: [entry('a', id.array, nested(4))] }, huge)],
  nestedArrays: [() => virtual({ metadata: [entry('a', id.array, array(id.array, 65_537))] }, huge)],
  dimensions: [() => virtual({ tensors: [tensorInfo({ dims: [1, 1, 1, 1, 1] })] }, huge)],
  tensorElements: [
    () => virtual({ tensors: [tensorInfo({ dims: [2 ** 32, 2 ** 32] })] }, huge),
    () => virtual({ tensors: [tensorInfo({ dims: [2n ** 64n - 1n] })] }, huge),
    () => virtual({ tensors: [tensorInfo({ dims: [2 ** 52] })] }, huge), // the elements fit, their bytes do not
  ],
  alignment: [() => virtual({ metadata: [entry('general.alignment', id.u32, u32(2 ** 21))] }, huge)],
};

describe('limits on what a header may claim', () => {
  const cases = Object.entries(crafted).flatMap(([limit, opens]) => opens.map((open, i) => ({ limit, i, open })));
  test.each(cases)('$limit is checked (file $i)', async ({ limit, open }) => {
    const error = await open().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toContain(`${limit} is`);
    expect(String(error)).toContain(limits[limit as keyof typeof limits].why);
  });
});

const refused: [what: string, parts: FileParts, errorClass: typeof FormatError, message: RegExp][] = [
  ['version 1', { version: 1 }, UnsupportedError, /version 1; versions 2 and 3/],
  ['version 4', { version: 4 }, UnsupportedError, /version 4/],
  ['a big-endian file', { version: 0x03000000 }, UnsupportedError, /big-endian.*gguf_convert_endian/],
  ['another magic', { magic: 'ABCD' }, FormatError, /starts with "ABCD", not "GGUF"/],
  ['a GGJT file', { magic: 'tjgg' }, FormatError, /GGJT/],
  ['a web page', { magic: '<!DO' }, FormatError, /web page/],
  [
    'safetensors',
    { magic: ',\x1b\0\0', version: 0, nTensors: 0x227b },
    FormatError,
    /safetensors: .*convert_hf_to_gguf/,
  ],
  ['an ONNX model', { magic: '\b\b\x12\x07' }, FormatError, /an ONNX model/],
  ['a Git LFS pointer', { magic: 'vers' }, FormatError, /git lfs pull/],
  ['more metadata than the file has bytes', { nMetadata: 1000 }, FormatError, /1,000 metadata entries.*truncated/],
  ['more tensors than the file has bytes', { nTensors: 1000 }, FormatError, /1,000 tensors.*truncated/],
  ['an empty key', { metadata: [entry('', id.u32, u32(1))] }, FormatError, /empty name/],
  ['an invalid key', { metadata: [[...u64(1), 0xff, ...u32(4), ...u32(1)]] }, FormatError, /not valid UTF-8/],
  ['a key twice', { metadata: [entry('k', id.u8, u8(1)), entry('k', id.u8, u8(2))] }, FormatError, /"k" comes twice/],
  ['an unknown value type', { metadata: [entry('k', 13, u8(1))] }, FormatError, /"k" has value type 13/],
  ['an unknown element type', { metadata: [entry('k', id.array, array(99, 0))] }, FormatError, /value type 99/],
  ['a bool of 2', { metadata: [entry('k', id.bool, u8(2))] }, FormatError, /bool of value 2/],
  ['an array with a bool of 2', { metadata: [entry('k', id.array, array(id.bool, 1, u8(2)))] }, FormatError, /bools/],
  ['a string beyond the end', { metadata: [entry('k', id.string, u64(5000))] }, FormatError, /needs 5,000 bytes/],
  ['an array beyond the end', { metadata: [entry('k', id.array, array(id.u64, 4000))] }, FormatError, /32,000 bytes/],
  [
    'an alignment of 0',
    { metadata: [entry('general.alignment', id.u32, u32(0))] },
    FormatError,
    /is 0, expected a power/,
  ],
  ['an alignment of 24', { metadata: [entry('general.alignment', id.u32, u32(24))] }, FormatError, /power of two/],
  [
    'an alignment in words',
    { metadata: [entry('general.alignment', id.string, text('32'))] },
    FormatError,
    /type string/,
  ],
  [
    'a tensor name twice',
    { tensors: [tensorInfo(), tensorInfo({ offset: 32 })], dataBytes: 64 },
    FormatError,
    /"w": a second/,
  ],
  ['a nameless tensor', { tensors: [tensorInfo({ name: '' })], dataBytes: 16 }, FormatError, /empty name/],
  [
    'a row of half a block',
    { tensors: [tensorInfo({ dims: [48], ggmlType: 2 })], dataBytes: 64 },
    FormatError,
    /blocks of 32.*q4_0/,
  ],
  [
    'an unknown tensor type',
    { tensors: [tensorInfo({ ggmlType: 4 })], dataBytes: 16 },
    UnsupportedError,
    /type 4,.*q4_k \(12\)/,
  ],
  ['an unaligned offset', { tensors: [tensorInfo({ offset: 16 })], dataBytes: 64 }, FormatError, /multiple of 32/],
  [
    'an offset past the end',
    { tensors: [tensorInfo({ offset: 64 })], dataBytes: 64 },
    FormatError,
    /"w" needs 16 bytes.*truncated/,
  ],
  [
    'an offset of 2^64 - 32',
    { tensors: [tensorInfo({ offset: 2n ** 64n - 32n })], dataBytes: 64 },
    FormatError,
    /truncated/,
  ],
  [
    'overlapping tensors',
    {
      tensors: [tensorInfo({ name: 'b', dims: [9], offset: 0 }), tensorInfo({ name: 'a', offset: 32 })],
      dataBytes: 64,
    },
    FormatError,
    /"b" and "a" overlap/,
  ],
  ...[142, 143].map((ggmlType): (typeof refused)[number] => [
    `a vendor's own type ${ggmlType}`,
    { tensors: [tensorInfo({ dims: [128], ggmlType })], dataBytes: 64 },
    UnsupportedError,
    /"w" has ggml type 14\d, PrismML's P.*Hadamard.*; known are/,
  ]),
  ['a removed type', { tensors: [tensorInfo({ ggmlType: 31 })] }, UnsupportedError, /type 31, which ggml has removed/],
  ...[42, 40].map((ggmlType): (typeof refused)[number] => {
    const tensors = (next: number) => [
      tensorInfo({ name: 'old', dims: [128, 16], ggmlType }),
      tensorInfo({ name: 'next', offset: next }),
    ];
    const oldBytes = ggmlType === 42 ? 544 : 384; // today's blocks take 576, or 1152
    return [
      `type ${ggmlType} in its first form, in front of another tensor`,
      { tensors: tensors(oldBytes), dataBytes: 2048 },
      UnsupportedError,
      /"old" is Q[12]_0 in its first form/,
    ];
  }),
  [
    'Q2_0 in its first form, at the end of the file',
    { tensors: [tensorInfo({ dims: [128, 16], ggmlType: 42 })], dataBytes: 544 },
    UnsupportedError,
    /"w" is Q2_0 in its first form, with 128 weights in a block instead of 64/,
  ],
  [
    'Q2_0 as it is today, cut off',
    { tensors: [tensorInfo({ dims: [128, 16], ggmlType: 42 })], dataBytes: 570 },
    FormatError,
    /truncated/,
  ],
];

describe('a header that contradicts itself or the file', () => {
  test.each(refused)('%s is refused', async (_what, parts, errorClass, message) => {
    const error = await readGguf(memorySource(ggufBytes(parts), 'crafted.gguf')).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(errorClass);
    expect(String(error)).toMatch(message);
    expect(String(error)).toContain('crafted.gguf');
  });

  it('escapes what a hostile name holds', async () => {
    const tensors = [tensorInfo({ name: '\x1b[2J\n', ggmlType: 99 })];
    const error = await readGguf(memorySource(ggufBytes({ tensors, dataBytes: 16 }))).catch(String);
    expect(error).toContain('"\\u001b[2J\\n"');
  });
});

/** Mulberry32: small, seeded, good enough to shake files. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** What a length or count becomes where it hurts most. */
const nasty = [
  0,
  1,
  7,
  255,
  2 ** 16,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

function mutate(valid: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes = valid.slice();
  for (let n = 1 + random(3); n > 0 && bytes.length > 8; n--) {
    const at = random(bytes.length);
    const how = random(6);
    if (how === 0) bytes[at] = random(256);
    else if (how === 1) bytes[at]! ^= 1 << random(8);
    else if (how === 2) bytes.set(u64(nasty[random(nasty.length)]!).slice(0, bytes.length - at), at);
    else if (how === 3) bytes.set(u32(random(16)).slice(0, bytes.length - at), at);
    else if (how === 4) bytes = bytes.slice(0, at);
    else bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(random(bytes.length))]);
  }
  return bytes;
}

/** Bytes of typed arrays and text that a file's metadata holds on to. */
function heldBytes(file: GgufFile): number {
  const held = (value: unknown): number => {
    if (typeof value === 'string') return value.length;
    if (ArrayBuffer.isView(value)) return value.byteLength;
    if (typeof value !== 'object' || value === null) return 0;
    return Object.values(value).reduce((sum: number, inner) => sum + held(inner), 0);
  };
  return [...file.metadata.entries()].reduce((sum, [key, { value }]) => sum + key.length + held(value), 0);
}

describe('10,000 mutated headers', () => {
  const valid = ggufBytes({
    metadata: [
      entry('general.architecture', id.string, text('llama')),
      entry('general.alignment', id.u32, u32(32)),
      entry('llama.context_length', id.u64, u64(512)),
      entry('tokens', id.array, array(id.string, 3, [...text('<s>'), ...text('Ġa'), ...text('b')])),
      entry('scores', id.array, array(id.u32, 3, [...u32(1), ...u32(2), ...u32(3)])),
      entry('nested', id.array, array(id.array, 2, [...array(id.u8, 2, [1, 2]), ...array(id.bool, 1, [1])])),
    ],
    tensors: [
      tensorInfo({ name: 'blk.0.attn_q.weight', dims: [32, 2], ggmlType: 2, offset: 0 }),
      tensorInfo({ name: 'output_norm.weight', dims: [4], offset: 64 }),
    ],
    dataBytes: 96,
  });

  it('open, or fail with one of our errors, and never hold or read more than the file has', async () => {
    await readGguf(memorySource(valid));
    const random = seeded(20_260_101);
    let opened = 0;
    for (let i = 0; i < 10_000; i++) {
      const source = memorySource(mutate(valid, random));
      try {
        const file = await readGguf(source);
        opened++;
        expect(heldBytes(file)).toBeLessThanOrEqual(source.size);
      } catch (error) {
        const ours =
          error instanceof FormatError || error instanceof UnsupportedError || error instanceof ResourceError;
        if (!ours) throw new Error(`header ${i} failed with ${String(error)}`, { cause: error });
      }
      expect(source.seen.longest).toBeLessThanOrEqual(source.size);
    }
    // Some mutations only change a value: a reader that refused everything would pass otherwise.
    expect(opened).toBeGreaterThan(500);
    expect(opened).toBeLessThan(5_000);
  });
});
