import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { writeGptOss } from '../../bench/lib/gpt_oss.ts';
import type { ModelInfo } from '../../src/protocol/open.ts';
import { tinyModel } from '../helpers/tiny_models.ts';

const folder = mkdtempSync(join(tmpdir(), 'thimble-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A process that opens a model in so much memory, and answers. */
function inNode(path: string, memoryBytes: number): { peakBytes: number; paging: ModelInfo['paging'] } {
  const script = fileURLToPath(new URL('paged_process.mjs', import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [script, path, String(memoryBytes)], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as ReturnType<typeof inNode>;
}

const isLinux = process.platform === 'linux'; // whose numbers these are

describe.skipIf(!isLinux)('a model in less memory than it needs', () => {
  it(
    'takes what it is given, and 5 % at most beside what a process takes without it',
    { timeout: 60_000 },
    async () => {
      const tiny = join(folder, 'tiny.gguf');
      writeFileSync(tiny, tinyModel('gpt-oss'));
      const without = inNode(tiny, 1_200_000);
      expect(without.paging).toBeDefined(); // it pages, too, in a megabyte
      const model = join(folder, 'model.gguf');
      await writeGptOss({ nLayers: 1, nVocab: 2048, skew: 1 }, model); // 0.48 GB
      const memoryBytes = 200e6;
      const { peakBytes, paging } = inNode(model, memoryBytes);
      expect(paging!.memoryBytes).toBeLessThanOrEqual(memoryBytes);
      expect(paging!.memoryBytes).toBeGreaterThan(0.9 * memoryBytes); // else there is nothing to watch
      expect(peakBytes - without.peakBytes).toBeLessThan(1.05 * memoryBytes);
    },
  );
});
