import { open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { FormatError } from '../../src/base/errors.ts';
import { readGguf } from '../../src/gguf/read.ts';
import { readVocab } from '../../src/gguf/vocab.ts';
import { blobSource } from '../../src/bytes/blob.ts';
import { openNodeFile } from '../../src/bytes/node_file.ts';
import { vocabFile } from '../helpers/vocab_files.ts';
import {
  entry,
  f32,
  f64,
  ggufBytes,
  id,
  memorySource,
  tensorInfo,
  text,
  u16,
  u32,
  u64,
  u8,
} from '../helpers/gguf_bytes.ts';

const read = (bytes: Uint8Array) => readGguf(memorySource(bytes));

describe('readGguf', () => {
  test.each([2, 3])('reads version %i: every scalar type keeps its type and value', async (version) => {
    const metadata = [
      entry('a', id.u8, u8(255)),
      entry('b', id.i8, u8(255)),
      entry('c', id.u16, u16(65535)),
      entry('d', id.i16, u16(65535)),
      entry('e', id.u32, u32(4294967295)),
      entry('f', id.i32, u32(4294967295)),
      entry('g', id.f32, f32(0.5)),
      entry('h', id.bool, u8(1)),
      entry('i', id.string, text('žluťoučký')),
      entry('j', id.u64, u64(2 ** 53 - 1)),
      entry('k', id.i64, u64(-1n)),
      entry('l', id.f64, f64(0.1)),
      entry('m', id.u64, u64(2n ** 64n - 1n)),
      entry('n', id.i64, u64(-(2n ** 63n))),
    ];
    const file = await read(ggufBytes({ version, metadata }));
    expect(file.version).toBe(version);
    expect([...file.metadata.entries()].map(([, { type, value }]) => [type, value])).toEqual([
      ['u8', 255],
      ['i8', -1],
      ['u16', 65535],
      ['i16', -1],
      ['u32', 4294967295],
      ['i32', -1],
      ['f32', 0.5],
      ['bool', true],
      ['string', 'žluťoučký'],
      ['u64', 2 ** 53 - 1],
      ['i64', -1],
      ['f64', 0.1],
      ['u64', 2n ** 64n - 1n],
      ['i64', -(2n ** 63n)],
    ]);
  });

  it('reads arrays of numbers as typed arrays, of strings as strings, of arrays as arrays', async () => {
    const numbers = [...u32(id.f32), ...u64(2), ...f32(1.5), ...f32(-2)];
    const strings = [...u32(id.string), ...u64(3), ...text('a'), ...text(''), ...text('\ufeff語')];
    const metadata = [
      entry('numbers', id.array, numbers),
      entry('strings', id.array, strings),
      entry('big', id.array, [...u32(id.i64), ...u64(1), ...u64(-5n)]),
      entry('bools', id.array, [...u32(id.bool), ...u64(2), 1, 0]),
      entry('nested', id.array, [...u32(id.array), ...u64(2), ...numbers, ...strings]),
      entry('empty', id.array, [...u32(id.u16), ...u64(0)]),
    ];
    const file = await read(ggufBytes({ metadata }));
    expect(file.metadata.get('numbers')).toEqual({ type: 'array', of: 'f32', value: Float32Array.of(1.5, -2) });
    expect(file.metadata.get('strings')).toEqual({ type: 'array', of: 'string', value: ['a', '', '\ufeff語'] });
    expect(file.metadata.get('big')).toEqual({ type: 'array', of: 'i64', value: BigInt64Array.of(-5n) });
    expect(file.metadata.get('bools')).toEqual({ type: 'array', of: 'bool', value: Uint8Array.of(1, 0) });
    expect(file.metadata.get('nested')!.value).toEqual([file.metadata.get('numbers'), file.metadata.get('strings')]);
    expect(file.metadata.get('empty')).toEqual({ type: 'array', of: 'u16', value: new Uint16Array(0) });
  });

  it('lists tensors with the slowest dimension first, at absolute offsets', async () => {
    const tensors = [
      tensorInfo({ name: 'a', dims: [32, 2, 3], ggmlType: 2, offset: 0 }),
      tensorInfo({ name: 'b', dims: [5], ggmlType: 0, offset: 128 }),
    ];
    const bytes = ggufBytes({ tensors, dataBytes: 128 + 20 });
    const file = await read(bytes);
    const dataOffset = bytes.length - 148;
    expect(dataOffset % 32).toBe(0);
    expect([...file.tensors.values()]).toMatchObject([
      {
        name: 'a',
        quant: { name: 'q4_0' },
        shape: [3, 2, 32],
        shardIndex: 0,
        offsetBytes: dataOffset,
        sizeBytes: 6 * 18,
      },
      { name: 'b', quant: { name: 'f32' }, shape: [5], shardIndex: 0, offsetBytes: dataOffset + 128, sizeBytes: 20 },
    ]);
  });

  it('honours general.alignment', async () => {
    const metadata = [entry('general.alignment', id.u32, u32(256))];
    const bytes = ggufBytes({ metadata, tensors: [tensorInfo()], alignment: 256, dataBytes: 16 });
    const file = await read(bytes);
    expect(file.alignment).toBe(256);
    expect(file.tensors.get('w')!.offsetBytes).toBe(256);
  });

  it('reads invalid UTF-8 in values as replacement characters, as some vocabularies hold pieces of characters', async () => {
    const broken = [...u64(3), 0x61, 0xe2, 0x82];
    const file = await read(ggufBytes({ metadata: [entry('piece', id.string, broken)] }));
    expect(file.metadata.string('piece')).toBe('a\ufffd');
  });

  it('reads only the header, in growing pieces', async () => {
    const pieces = 60_000;
    const strings = [
      ...u32(id.string),
      ...u64(pieces),
      ...Array.from({ length: pieces }, (_, i) => text(`piece${i}`)).flat(),
    ];
    const bytes = ggufBytes({ metadata: [entry('tokens', id.array, strings)], tensors: [tensorInfo()], dataBytes: 16 });
    const source = memorySource(bytes, 'long.gguf', 50_000_000_000);
    const file = await readGguf(source);
    expect(file.metadata.strings('tokens').at(-1)).toBe('piece59999');
    expect(source.seen.furthest).toBeLessThan(4 * bytes.length);
  });

  it('opens a file of 20 GB in milliseconds', async () => {
    const path = join(tmpdir(), `thimble-sparse-${process.pid}.gguf`);
    const nElements = 5_000_000_000;
    const handle = await open(path, 'w');
    await handle.write(ggufBytes({ tensors: [tensorInfo({ dims: [nElements] })] }));
    await handle.truncate(96 + 4 * nElements);
    await handle.close();
    const source = await openNodeFile(path);
    try {
      const start = performance.now();
      const file = await readGguf(source);
      expect(performance.now() - start).toBeLessThan(250); // single milliseconds on an idle machine
      expect(file.tensors.get('w')!.sizeBytes).toBe(20_000_000_000);
    } finally {
      await source.close!();
      await unlink(path);
    }
  });

  it('reads a vocabulary of 150,000 tokens and as many merges quickly', async () => {
    const strings = (pad: string) => {
      const one = Array.from({ length: 150_000 }, (_, i) => Buffer.from(Uint8Array.from(text(`Ġ${pad}${i}`))));
      return Buffer.concat([Uint8Array.from([...u32(id.string), ...u64(150_000)]), ...one]);
    };
    const keys = ['tokenizer.ggml.tokens', 'tokenizer.ggml.merges'].map((key) =>
      Uint8Array.from([...text(key), ...u32(id.array)]),
    );
    const bytes = Buffer.concat([ggufBytes({ nMetadata: 2 }), keys[0]!, strings('t'), keys[1]!, strings('Ġ m')]);
    await read(bytes);
    const start = performance.now();
    const file = await read(bytes);
    const spent = performance.now() - start;
    expect(file.metadata.strings('tokenizer.ggml.merges')).toHaveLength(150_000);
    expect(spent).toBeLessThan(1000); // 80 to 150 ms on an idle machine
  });

  it('stops on an AbortSignal', async () => {
    const source = memorySource(ggufBytes());
    await expect(readGguf(source, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('refuses a small header cut off at every byte', async () => {
    const metadata = [
      entry('general.name', id.string, text('tiny')),
      entry('list', id.array, [...u32(id.string), ...u64(2), ...text('a'), ...text('bc')]),
    ];
    const whole = ggufBytes({ metadata, tensors: [tensorInfo()], dataBytes: 16 });
    await read(whole);
    for (let end = 0; end < whole.length; end++) {
      const error = await read(whole.slice(0, end)).catch((thrown: unknown) => thrown);
      expect(error, `cut at ${end}`).toBeInstanceOf(FormatError);
      expect(String(error)).toMatch(/truncated|empty/);
    }
  });
});

const vocabFiles: [name: string, model: string, nVocab: number][] = [
  ['bert-bge', 'bert', 30522],
  ['gpt-2', 'gpt2', 50257],
  ['phi-3', 'llama', 32064],
  ['llama-spm', 'llama', 32000],
  ['starcoder', 'gpt2', 49152],
];

describe.each(vocabFiles)('the vocabulary file of %s', (name, model, nVocab) => {
  const bytes = vocabFile(name);
  test.skipIf(!bytes)(bytes ? 'parses' : 'parses (skipped: it is not free, and ../shared/data is absent)', async () => {
    const vocab = readVocab((await readGguf(blobSource(new Blob([bytes!])))).metadata);
    expect([vocab.model, vocab.tokens.length]).toEqual([model, nVocab]);
    expect(vocab.types).toHaveLength(vocab.tokens.length);
  });
});
