import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openGguf } from '../../src/gguf/open.ts';
import { mergeGguf } from '../../src/gguf/split.ts';
import { openBeside, openNodeFile } from '../../src/bytes/node_file.ts';

const folder = new URL('../../models/', import.meta.url);
const firstShard = fileURLToPath(new URL('smollm2-135m-instruct-q4_1-00001-of-00002.gguf', folder));

describe('the embedded model', () => {
  it('is in shards of at most 48 MiB whose sums are those in SHA256SUMS', async () => {
    const sums = (await readFile(new URL('SHA256SUMS', folder), 'utf8')).trim().split('\n');
    expect(sums).toHaveLength(2);
    for (const line of sums) {
      const [sum, name] = line.split('  ');
      const bytes = await readFile(new URL(name!, folder));
      expect(bytes.length).toBeLessThanOrEqual(48 * 2 ** 20);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sum);
    }
  });

  it('merges into the file it was split from', async () => {
    const file = await openGguf(await openNodeFile(firstShard), { openSibling: openBeside(firstShard) });
    expect([file.tensors.size, file.sources.length]).toEqual([272, 2]);
    const hash = createHash('sha256');
    const nothing = () => Promise.resolve();
    const write = (bytes: Uint8Array) => Promise.resolve(void hash.update(bytes));
    await mergeGguf(file, { name: 'merged.gguf', write, finish: nothing, abort: nothing });
    await Promise.all(file.sources.map((source) => source.close!()));
    expect(hash.digest('hex')).toBe('b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53');
  });
});
