import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const dist = new URL('../dist/', import.meta.url);

/** The source files behind a bundle and all that it imports, by their maps. */
function sourcesOf(folder: string, script: string, seen = new Set<string>()): string[] {
  const file = new URL(`${folder}/${script}`, dist);
  if (seen.has(script)) return [];
  seen.add(script);
  const text = readFileSync(file, 'utf8');
  const { sources } = JSON.parse(readFileSync(`${file.pathname}.map`, 'utf8')) as { sources: string[] };
  const named = [...text.matchAll(/(new URL\()?["']\.\/([^"']+\.js)["']/g)];
  const imported = named.filter(([, address]) => address === undefined).map(([, , name]) => name!); // an address starts a thread
  return [
    ...sources.map((source) => source.replace(/^.*\/src\//, '')),
    ...imported
      .filter((name) => existsSync(new URL(`${folder}/${name}`, dist)))
      .flatMap((name) => sourcesOf(folder, name, seen)),
  ];
}

it('a compute thread of Node loads its own few files: there are up to 64 of them', () => {
  expect(sourcesOf('node', 'compute.js').sort()).toEqual([
    'backends/wasm/compute_worker.ts',
    'backends/wasm/control.ts',
    'backends/wasm/kernels.ts',
    'platform/node.ts',
    'threads/compute.ts',
  ]);
});

describe.each(['web', 'node'])('in dist/%s', (folder) => {
  it('the engine loads no encoder that caches do not need', () => {
    const sources = ['index.js', 'engine.js'].flatMap((script) => sourcesOf(folder, script));
    expect(sources).toContain('quants/q4_k.ts');
    expect(sources.filter((source) => source.startsWith('compress/'))).toEqual([]);
  });
});

it.each(['index.js', 'inline.js', 'isolate.js'])(
  'importing web/%s on a server does nothing, and keeps nothing running',
  (script) => {
    const { href } = new URL(`web/${script}`, dist);
    const code = `const names = () => Object.getOwnPropertyNames(globalThis).length;
    const before = names(); await import(${JSON.stringify(href)}); console.log(names() - before);`;
    const said = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect([said.status, said.stdout.trim(), said.stderr]).toEqual([0, '0', '']);
  },
);
