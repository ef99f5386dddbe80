import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/**
 * The embedded model's logits, to the bit, in the Node that runs the tests; `npm run test:engines` does it in all engines that
 * can be had, with more threads.
 */

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const { sha256, model, command } = JSON.parse(readFileSync(file('test/fixtures/engines/logits.json'), 'utf8')) as {
  sha256: Record<string, string>;
  model: string;
  command: string;
};

interface Line {
  readonly threads: number;
  readonly result: { readonly hashes?: Record<string, string>; readonly error?: { readonly name: string } };
}

/** A process of its own: one that died or hung would take the tests along. */
function run(runs: readonly object[]): Line[] {
  const args = [file('test/engines/run.mjs'), file(model), JSON.stringify(runs)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 50_000 });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const [, ...lines] = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Line);
}

test('the logits of the embedded model have the same bits on any number of threads', () => {
  const lines = run(
    [1, 2, 3, 4, 7].map((threads) => ({ build: 'simd', threads, parts: ['prefill', 'decode', 'fast decode'] })),
  );
  const { prefill, decode, 'fast decode': fast } = sha256;
  const remake = `where the arithmetic was changed on purpose, run ${command}`;
  for (const { threads, result } of lines)
    expect(result, `${threads} threads; ${remake}`).toMatchObject({ hashes: { prefill, decode, 'fast decode': fast } });
  expect(lines).toHaveLength(5);
});

test('a prompt longer than one split of attention has the same bits, too, and so has the relaxed build where it works', () => {
  const builds = run([
    { build: 'simd', threads: 2 },
    { build: 'relaxed', threads: 2, parts: ['prefill', 'decode', 'fast prefill', 'fast decode'] },
  ]);
  expect(builds[0]!.result).toMatchObject({ hashes: sha256 });
  const { error, hashes } = builds[1]!.result;
  if (error) expect(error.name).toBe('UnsupportedError');
  else expect(sha256).toMatchObject(hashes!);
});
