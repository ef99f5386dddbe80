import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/base/errors.ts';
import { readGguf } from '../../src/gguf/read.ts';
import type { MetadataValue } from '../../src/gguf/value_types.ts';
import { writeGguf } from '../../src/gguf/write.ts';
import type { GgufToWrite, TensorToWrite } from '../../src/gguf/write.ts';
import { quantByName } from '../../src/quants/index.ts';
import { entry, ggufBytes, id, memoryFolder, memorySource, tensorInfo, text, u32 } from '../helpers/gguf_bytes.ts';

function tensor(name: string, quant: string, shape: number[], ...pieces: Uint8Array[]): TensorToWrite {
  return { name, quant: quantByName.get(quant)!, shape, pieces: () => pieces };
}

const counting = (nBytes: number) => Uint8Array.from({ length: nBytes }, (_, i) => i);

async function written(content: GgufToWrite): Promise<Uint8Array> {
  const folder = memoryFolder();
  await writeGguf(await folder.openSink('out.gguf'), content);
  return folder.files.get('out.gguf')!;
}

const everyType: [string, MetadataValue][] = [
  ['u8', { type: 'u8', value: 200 }],
  ['i8', { type: 'i8', value: -100 }],
  ['u16', { type: 'u16', value: 60_000 }],
  ['i16', { type: 'i16', value: -30_000 }],
  ['u32', { type: 'u32', value: 4_000_000_000 }],
  ['i32', { type: 'i32', value: -2_000_000_000 }],
  ['f32', { type: 'f32', value: 0.25 }],
  ['nan', { type: 'f32', value: NaN }],
  ['f64', { type: 'f64', value: Math.PI }],
  ['u64', { type: 'u64', value: 2n ** 64n - 1n }],
  ['i64', { type: 'i64', value: -5 }],
  ['bool', { type: 'bool', value: false }],
  ['string', { type: 'string', value: 'naïve \u{1f9f5}' }],
  ['numbers', { type: 'array', of: 'i16', value: Int16Array.of(1, -2) }],
  ['big', { type: 'array', of: 'u64', value: BigUint64Array.of(2n ** 63n) }],
  ['bools', { type: 'array', of: 'bool', value: Uint8Array.of(1, 0, 1) }],
  ['strings', { type: 'array', of: 'string', value: ['', 'é', 'long '.repeat(30_000)] }],
  ['nested', { type: 'array', of: 'array', value: [{ type: 'array', of: 'u8', value: Uint8Array.of(9) }] }],
];

describe('writeGguf', () => {
  it('writes what the reader reads back: every type of value, tensors in pieces', async () => {
    const bytes = await written({
      metadata: new Map(everyType),
      tensors: [
        tensor('a', 'f32', [3], counting(12)),
        tensor('b', 'q8_0', [2, 32], counting(30), counting(0), counting(38)),
      ],
    });
    const file = await readGguf(memorySource(bytes));
    expect([...file.metadata.entries()]).toEqual(everyType);
    const { a, b } = Object.fromEntries(file.tensors);
    expect([a!.shape, b!.shape, b!.quant.name]).toEqual([[3], [2, 32], 'q8_0']);
    expect(bytes.subarray(a!.offsetBytes, a!.offsetBytes + 12)).toEqual(counting(12));
    expect([...bytes.subarray(b!.offsetBytes, b!.offsetBytes + 68)]).toEqual([...counting(30), ...counting(38)]);
    expect(bytes.length % 32).toBe(0);
  });

  it('writes the bytes the specification asks for', async () => {
    const bytes = await written({
      metadata: new Map<string, MetadataValue>([
        ['general.architecture', { type: 'string', value: 'llama' }],
        ['general.alignment', { type: 'u32', value: 64 }],
      ]),
      tensors: [tensor('w', 'f32', [2, 4], counting(32))],
    });
    const metadata = [
      entry('general.architecture', id.string, text('llama')),
      entry('general.alignment', id.u32, u32(64)),
    ];
    const expected = ggufBytes({ metadata, tensors: [tensorInfo({ dims: [4, 2] })], alignment: 64, dataBytes: 32 });
    expect(bytes.subarray(0, expected.length)).toEqual(expected);
    expect([...bytes.subarray(expected.length)]).toEqual(Array(32).fill(0)); // padding after the last tensor too
  });

  it('reports progress up to the whole file', async () => {
    const seen: [number, number][] = [];
    const content = { metadata: new Map(), tensors: [tensor('w', 'f32', [10], counting(24), counting(16))] };
    const sink = await memoryFolder().openSink('out.gguf');
    await writeGguf(sink, content, { onProgress: (done, total) => seen.push([done, total]) });
    const total = 64 + 64; // header and tensor, both padded
    expect(seen).toEqual([64, 64 + 24, 64 + 40, total].map((done) => [done, total]));
  });

  it.each<[what: string, content: GgufToWrite, errorClass: new (m: string) => Error, message: RegExp]>([
    [
      'too few bytes',
      { metadata: new Map(), tensors: [tensor('w', 'f32', [4], counting(12))] },
      RangeError,
      /12 bytes came, expected 16/,
    ],
    [
      'too many bytes',
      { metadata: new Map(), tensors: [tensor('w', 'f32', [4], counting(12), counting(12))] },
      RangeError,
      /more bytes came/,
    ],
    [
      'half a block',
      { metadata: new Map(), tensors: [tensor('w', 'q4_0', [48], counting(27))] },
      FormatError,
      /blocks of 32/,
    ],
    [
      'a name twice',
      { metadata: new Map(), tensors: [tensor('w', 'i8', [1]), tensor('w', 'i8', [1])] },
      FormatError,
      /two tensors/,
    ],
    ['no name', { metadata: new Map(), tensors: [tensor('', 'i8', [1])] }, RangeError, /no name/],
    [
      'five dimensions',
      { metadata: new Map(), tensors: [tensor('w', 'i8', [1, 1, 1, 1, 1])] },
      FormatError,
      /dimensions is 5/,
    ],
    ['an empty key', { metadata: new Map([['', everyType[0]![1]]]), tensors: [] }, RangeError, /key is empty/],
    [
      '300 as u8',
      { metadata: new Map([['k', { type: 'u8', value: 300 }]]), tensors: [] },
      RangeError,
      /300 does not fit into u8/,
    ],
    [
      'an alignment of 48',
      { metadata: new Map([['general.alignment', { type: 'u32', value: 48 }]]), tensors: [] },
      RangeError,
      /power/,
    ],
  ])('refuses %s and leaves no file', async (_what, content, errorClass, message) => {
    const folder = memoryFolder();
    const error = await writeGguf(await folder.openSink('out.gguf'), content).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(errorClass);
    expect(String(error)).toMatch(message);
    expect([folder.files.size, folder.unfinished.size]).toEqual([0, 0]);
  });

  it('writes tensors without dimensions or elements, which reading keeps', async () => {
    const folder = memoryFolder();
    const tensors = [
      tensor('one', 'i8', [], counting(1)),
      tensor('none', 'f32', [4, 0]),
      tensor('w', 'i8', [2], counting(2)),
    ];
    await writeGguf(await folder.openSink('out.gguf'), { metadata: new Map(), tensors });
    const file = await readGguf(memorySource(folder.files.get('out.gguf')!));
    const read = [...file.tensors.values()].map(({ name, shape, sizeBytes }) => [name, shape, sizeBytes]);
    expect(read).toEqual([
      ['one', [], 1],
      ['none', [4, 0], 0],
      ['w', [2], 2],
    ]);
  });

  it('stops on an AbortSignal between pieces and leaves no file', async () => {
    const folder = memoryFolder();
    const controller = new AbortController();
    const content = { metadata: new Map(), tensors: [tensor('w', 'i8', [3], counting(1), counting(1), counting(1))] };
    const onProgress = (done: number) => done > 64 && controller.abort();
    const writing = writeGguf(await folder.openSink('out.gguf'), content, { onProgress, signal: controller.signal });
    await expect(writing).rejects.toMatchObject({ name: 'AbortError' });
    expect([folder.files.size, folder.unfinished.size]).toEqual([0, 0]);
  });
});
