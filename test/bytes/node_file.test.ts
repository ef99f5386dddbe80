import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FormatError, ResourceError } from '../../src/base/errors.ts';
import { openBeside, openNodeFile, openNodeSink, readNodeFile } from '../../src/bytes/node_file.ts';

let folder: string;
let path: string;
const content = Uint8Array.from({ length: 10_000 }, (_, i) => i * 7);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thimble-'));
  path = join(folder, 'file.bin');
  await writeFile(path, content);
});
afterEach(() => rm(folder, { recursive: true }));

describe('openNodeFile', () => {
  it('reads any range, into shared memory too', async () => {
    const source = await openNodeFile(path);
    const shared = new Uint8Array(new SharedArrayBuffer(400), 100, 200);
    await source.read(5000, shared);
    await source.close!();
    expect([source.name, source.size]).toEqual([path, 10_000]);
    expect([...shared]).toEqual([...content.subarray(5000, 5200)]);
    expect(new Uint8Array(shared.buffer, 0, 100).every((byte) => byte === 0)).toBe(true);
  });

  it('reads into a WebAssembly memory that is shared', async () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    const source = await openNodeFile(path);
    const into = new Uint8Array(memory.buffer, 1024, 10_000);
    await source.read(0, into);
    await source.close!();
    expect([...into]).toEqual([...content]);
  });

  it('opens a neighbour by name', async () => {
    await writeFile(join(folder, 'other.bin'), 'abc');
    const source = await openBeside(path)('other.bin');
    expect(source.size).toBe(3);
    await source.close!();
  });

  it('refuses a missing file, a folder and an empty file, each by name', async () => {
    await expect(openNodeFile(join(folder, 'none'))).rejects.toThrow(/none: there is no such file; check the path/);
    await expect(openNodeFile(join(path, 'inside'))).rejects.toThrow(/not a folder/);
    await expect(openNodeFile(folder)).rejects.toThrow(/it is a folder/);
    const empty = join(folder, 'empty');
    await writeFile(empty, '');
    await expect(openNodeFile(empty)).rejects.toThrow(FormatError);
    await expect(openNodeFile(empty)).rejects.toThrow(/empty is empty; interrupted download\?/);
  });

  it('refuses pipes and devices at once', async ({ skip }) => {
    skip(process.platform === 'win32', 'Windows has no such files');
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const other of [pipe, '/dev/zero', '/dev/tty']) {
      await expect(openNodeFile(other)).rejects.toThrow(/it is not a file/);
      await expect(readNodeFile(other)).rejects.toThrow(/it is not a file/);
    }
    await expect(openBeside(path)('pipe')).rejects.toThrow(/it is not a file/);
    await expect(openNodeSink(pipe, { replace: true })).rejects.toThrow(/is not a file that can be replaced/);
  });

  it('refuses a file it may not read', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root may read everything');
    await chmod(path, 0);
    await expect(openNodeFile(path)).rejects.toThrow(/permission denied/);
  });

  it.each<[what: string, change: () => Promise<void>, message: RegExp]>([
    ['shrinks', () => truncate(path, 100), /changed \(10000 bytes then, 100 now\)/],
    ['grows', () => appendFile(path, 'more'), /changed \(10000 bytes then, 10004 now\)/],
    ['is written over', () => writeFile(path, content.toReversed()), /changed/],
    ['is deleted', () => unlink(path), /was deleted or replaced/],
    [
      'is replaced',
      async () => {
        await writeFile(`${path}.new`, content);
        await rename(`${path}.new`, path);
      },
      /was deleted or replaced/,
    ],
  ])('notices a file that %s while it is read', async (_what, change, message) => {
    const source = await openNodeFile(path);
    const into = new Uint8Array(1000);
    await source.read(0, into);
    await change();
    const error = await source.read(4000, into).catch((thrown: unknown) => thrown);
    await source.close!();
    expect(error).toBeInstanceOf(ResourceError);
    expect(String(error)).toMatch(message);
  });

  it('refuses to read past the end, and stops on an AbortSignal', async () => {
    const source = await openNodeFile(path);
    await expect(source.read(9000, new Uint8Array(1001))).rejects.toThrow(/ends at 10000, but 1001 bytes at 9000/);
    const aborted = source.read(0, new Uint8Array(10), AbortSignal.abort());
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    await source.close!();
  });
});

describe('openNodeSink', () => {
  it('gives the file its name when it is whole', async () => {
    const target = join(folder, 'new.gguf');
    const sink = await openNodeSink(target);
    await sink.write(content.subarray(0, 6000));
    await sink.write(content.subarray(6000));
    expect(existsSync(target)).toBe(false);
    await sink.finish();
    expect(new Uint8Array(await readFile(target))).toEqual(content);
    expect((await readdir(folder)).sort()).toEqual(['file.bin', 'new.gguf']);
  });

  it('leaves nothing after abort, before and after finish, and twice', async () => {
    for (const finish of [false, true]) {
      const sink = await openNodeSink(join(folder, 'new.gguf'));
      await sink.write(content);
      if (finish) await sink.finish();
      await sink.abort();
      await sink.abort();
      expect(await readdir(folder)).toEqual(['file.bin']);
    }
  });

  it('refuses to replace a file, and a folder that is not there', async () => {
    await expect(openNodeSink(path)).rejects.toThrow(/file.bin exists already; delete it or choose another name/);
    await expect(openNodeSink(join(folder, 'none', 'new.gguf'))).rejects.toThrow(/cannot create .*no such folder/);
    expect(await readdir(folder)).toEqual(['file.bin']);
  });

  it('lets one of two writers have a name, and keeps what is there', async () => {
    const target = join(folder, 'new.gguf');
    const [one, two] = [await openNodeSink(target), await openNodeSink(target)];
    await one.write(content);
    await two.write(Uint8Array.of(2));
    await one.finish();
    await expect(two.finish()).rejects.toThrow(/new.gguf: it exists already/);
    await two.abort();
    expect(new Uint8Array(await readFile(target))).toEqual(content);
    expect((await readdir(folder)).sort()).toEqual(['file.bin', 'new.gguf']);
  });

  it('leaves nothing where the process exits', async () => {
    const script = `
      import { openNodeSink } from ${JSON.stringify(new URL('../../dist/node/gguf.js', import.meta.url).href)};
      const sink = await openNodeSink(${JSON.stringify(join(folder, 'new.gguf'))});
      await sink.write(new Uint8Array(10));
      process.exit(0);`;
    execFileSync(process.execPath, ['--input-type=module', '-e', script]);
    expect(await readdir(folder)).toEqual(['file.bin']);
  });

  it('says that the disk is full and leaves nothing', async ({ skip }) => {
    const disk = join(folder, 'disk');
    await mkdir(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      skip('needs the right to mount a small disk');
    }
    try {
      const sink = await openNodeSink(join(disk, 'new.gguf'));
      const error = await sink.write(new Uint8Array(200_000)).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ResourceError);
      expect(String(error)).toMatch(/cannot write .*new.gguf: no space left on the disk/);
      await sink.abort();
      expect(await readdir(disk)).toEqual([]);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});
