import { describe, expect, it } from 'vitest';
import { FormatError, ResourceError } from '../../src/base/errors.ts';
import { readGguf } from '../../src/gguf/read.ts';
import { openGguf } from '../../src/gguf/open.ts';
import { formatShardName, parseShardName } from '../../src/gguf/shard_names.ts';
import { mergeGguf, splitGguf } from '../../src/gguf/split.ts';
import {
  entry,
  ggufBytes,
  id,
  memoryFolder,
  memorySource,
  tensorInfo,
  text,
  u16,
  u32,
  u64,
} from '../helpers/gguf_bytes.ts';
import type { Bytes } from '../helpers/gguf_bytes.ts';

/** Ten tensors of 100 floats, 416 bytes each with padding, and a piece that is not valid UTF-8. */
const whole = ggufBytes({
  metadata: [
    entry('general.architecture', id.string, text('llama')),
    entry('general.alignment', id.u32, u32(32)),
    entry('tokens', id.array, [...u32(id.string), ...u64(1), ...u64(2), 0xe2, 0x82]),
  ],
  tensors: Array.from({ length: 10 }, (_, i) => tensorInfo({ name: `t${i}`, dims: [10, 10], offset: 416 * i })),
  dataBytes: 4160,
});
for (let i = 0; i < 10; i++) whole.fill(0, whole.length - 4160 + 416 * i + 400, whole.length - 4160 + 416 * (i + 1));

async function split(maxShardBytes: number, folder = memoryFolder()) {
  const names = await splitGguf(await readGguf(memorySource(whole)), {
    prefix: 'm',
    maxShardBytes,
    openSink: folder.openSink,
  });
  const open = (name = names[0]!) => openGguf(memorySource(folder.files.get(name)!, name), folder);
  return { ...folder, names, open };
}

describe('shard names', () => {
  it('are formatted and parsed, with or without a folder', () => {
    const shard = { prefix: 'tiny-q4_1', shardIndex: 1, nShards: 12 };
    expect(formatShardName(shard)).toBe('tiny-q4_1-00002-of-00012.gguf');
    expect(parseShardName('C:\\models\\tiny-q4_1-00002-of-00012.gguf')).toEqual(shard);
    expect(parseShardName('https://host/tiny-q4_1-00002-of-00012.gguf')).toEqual(shard);
    expect(parseShardName('tiny-q4_1.gguf')).toBeUndefined();
  });
});

describe('splitGguf and mergeGguf', () => {
  it('keep every shard within the limit, and give the same file back to the byte', async () => {
    const { files, names, open } = await split(1700);
    expect(names).toEqual([
      'm-00001-of-00004.gguf',
      'm-00002-of-00004.gguf',
      'm-00003-of-00004.gguf',
      'm-00004-of-00004.gguf',
    ]);
    expect([...files.keys()]).toEqual(names);
    for (const bytes of files.values()) expect(bytes.length).toBeLessThanOrEqual(1700);
    const merged = memoryFolder();
    await mergeGguf(await open(), await merged.openSink('whole.gguf'));
    expect(merged.files.get('whole.gguf')).toEqual(whole);
  });

  it('make one file whose tensors know their shard', async () => {
    const { open } = await split(1700);
    const file = await open();
    expect(file.sources).toHaveLength(4);
    expect([...file.tensors.keys()]).toEqual(Array.from({ length: 10 }, (_, i) => `t${i}`));
    const last = file.tensors.get('t9')!;
    const bytes = new Uint8Array(last.sizeBytes);
    await file.sources[last.shardIndex]!.read(last.offsetBytes, bytes);
    expect(last.shardIndex).toBe(3);
    expect(bytes).toEqual(whole.subarray(whole.length - 416, whole.length - 16));
  });

  it('split a split model again', async () => {
    const { open } = await split(1700);
    const folder = memoryFolder();
    const names = await splitGguf(await open(), { prefix: 'n', maxShardBytes: 3000, openSink: folder.openSink });
    expect(names).toHaveLength(2);
    const merged = memoryFolder();
    const again = await openGguf(memorySource(folder.files.get(names[0]!)!, names[0]), folder);
    await mergeGguf(again, await merged.openSink('whole.gguf'));
    expect(merged.files.get('whole.gguf')).toEqual(whole);
  });

  it('leave the metadata alone in the first shard where a tensor fits only without it', async () => {
    const { files, names, open } = await split(640);
    expect(names).toHaveLength(11);
    expect((await readGguf(memorySource(files.get(names[0]!)!))).tensors.size).toBe(0);
    expect((await open()).tensors.size).toBe(10);
  });

  it('refuse a limit that a tensor or the metadata does not fit into', async () => {
    await expect(split(500)).rejects.toThrow(/a shard with "t0" needs 608/);
    await expect(split(100)).rejects.toThrow(/the metadata alone needs/);
  });

  it('report progress up to the last byte of the last tensor', async () => {
    const seen: number[] = [];
    const openSink = memoryFolder().openSink;
    const onProgress = (done: number, total: number) => void seen.push(done / total);
    await splitGguf(await readGguf(memorySource(whole)), { prefix: 'm', maxShardBytes: 1700, openSink, onProgress });
    expect(seen).toHaveLength(10);
    expect(seen.at(-1)).toBe(1);
  });

  it('leave nothing when the disk is full', async () => {
    const folder = memoryFolder({ capacityBytes: 3000 });
    await expect(split(1700, folder)).rejects.toThrow('disk full');
    expect([folder.files.size, folder.unfinished.size]).toEqual([0, 0]);
    const { open } = await split(1700);
    await expect(mergeGguf(await open(), await folder.openSink('whole.gguf'))).rejects.toThrow('disk full');
    expect([folder.files.size, folder.unfinished.size]).toEqual([0, 0]);
  });

  it('leave nothing when one shard cannot get its final name', async () => {
    const folder = memoryFolder();
    let opened = 0;
    const openSink = async (name: string) => {
      const sink = await folder.openSink(name);
      return ++opened === 3 ? { ...sink, finish: () => Promise.reject(new Error('no rename')) } : sink;
    };
    const splitting = splitGguf(await readGguf(memorySource(whole)), { prefix: 'm', maxShardBytes: 1700, openSink });
    await expect(splitting).rejects.toThrow('no rename');
    expect([folder.files.size, folder.unfinished.size]).toEqual([0, 0]);
  });

  it('stop on an AbortSignal and leave nothing', async () => {
    const folder = memoryFolder();
    const controller = new AbortController();
    const splitting = splitGguf(await readGguf(memorySource(whole)), {
      prefix: 'm',
      maxShardBytes: 1700,
      openSink: folder.openSink,
      onProgress: () => controller.abort(),
      signal: controller.signal,
    });
    await expect(splitting).rejects.toMatchObject({ name: 'AbortError' });
    expect([folder.files.size, folder.unfinished.size]).toEqual([0, 0]);
  });
});

describe('openGguf', () => {
  it('opens a file that is not split without asking for siblings', async () => {
    const file = await openGguf(memorySource(whole), { openSibling: () => Promise.reject(new Error('asked')) });
    expect(file.tensors.size).toBe(10);
  });

  it('names the first shard when another one is opened', async () => {
    const { open } = await split(1700);
    await expect(open('m-00003-of-00004.gguf')).rejects.toThrow(
      'm-00003-of-00004.gguf is shard 3 of 4; open the first one, m-00001-of-00004.gguf',
    );
  });

  it('names the shard that is missing, and closes those it opened', async () => {
    const { files, openSibling, names } = await split(1700);
    files.delete(names[2]!);
    let closed = 0;
    const closing = async (name: string) => ({
      ...(await openSibling(name)),
      close: () => Promise.resolve(void closed++),
    });
    const error = await openGguf(memorySource(files.get(names[0]!)!, names[0]), { openSibling: closing }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(ResourceError);
    expect(String(error)).toContain('shard 3 of 4 is missing: m-00003-of-00004.gguf (no such file)');
    expect(closed).toBe(1);
  });

  it('refuses a first shard that was renamed', async () => {
    const { files, openSibling, names } = await split(1700);
    const opening = openGguf(memorySource(files.get(names[0]!)!, 'model.gguf'), { openSibling });
    await expect(opening).rejects.toThrow('its name does not end in -00001-of-00004.gguf; renamed?');
  });

  it('refuses shards that were swapped', async () => {
    const { files, names, open } = await split(1700);
    files.set(names[1]!, files.get(names[2]!)!);
    await expect(open()).rejects.toThrow('m-00002-of-00004.gguf says it is shard 3 of 4, expected 2 of 4');
  });

  const shard = (no: number, nTensors: number, tensors: Bytes[]) =>
    ggufBytes({
      metadata: [
        entry('split.no', id.u16, u16(no)),
        entry('split.count', id.u16, u16(2)),
        entry('split.tensors.count', id.i32, u32(nTensors)),
      ],
      tensors,
      dataBytes: 16,
    });

  it.each([
    ['too few tensors', 3, 'b', 'the shards hold 2 tensors, expected 3'],
    ['a tensor in two shards', 2, 'a', 'tensor "a" is also in an earlier shard'],
  ])('refuses shards with %s', async (_what, nTensors, second, message) => {
    const openSibling = (name: string) =>
      Promise.resolve(memorySource(shard(1, nTensors, [tensorInfo({ name: second })]), name));
    const first = memorySource(shard(0, nTensors, [tensorInfo({ name: 'a' })]), 'm-00001-of-00002.gguf');
    const error = await openGguf(first, { openSibling }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toContain(message);
  });
});
