import { readFile } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { buildSync } from 'esbuild';
import { createWasmBackend, type WasmHost, type WasmOptions } from '../../../src/backends/wasm/wasm.ts';
import type { KernelFile } from '../../../src/backends/wasm/kernels.ts';
import { detectFeatures } from '../../../src/platform/features.ts';
import { spawn, tick } from '../../../src/platform/node.ts';
import { writeCache } from '../write_cache.ts';
import { buildCase, type OpCase } from '../../cases/op_case.ts';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Bytes of a file of kernels, as `npm run build` leaves them. */
export const kernels = async (file: KernelFile): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(`${root}/dist/thimble.${file}.wasm`));

/** The compute worker's script, bundled once per test file: worker threads of Node 20 take no TypeScript. */
let script: URL | undefined;

export function computeScript(): URL {
  if (!script) {
    const outfile = join(mkdtempSync(join(tmpdir(), 'thimble-')), 'compute.mjs');
    const entryPoints = [`${root}/src/threads/compute.ts`];
    buildSync({ absWorkingDir: root, entryPoints, outfile, bundle: true, platform: 'node', format: 'esm' });
    script = pathToFileURL(outfile);
  }
  return script;
}

/** Node, as the backend sees it. */
export const nodeHost = (overrides: Partial<WasmHost> = {}): WasmHost => ({
  features: detectFeatures(),
  kernels,
  spawn: () => spawn(computeScript(), 'compute'),
  tick,
  nCores: 2,
  ...overrides,
});

export type CaseOptions = Partial<Pick<WasmOptions, 'threads' | 'build' | 'host'>>;

/** Runs a case of an op without weights on a WASM backend of its own: the rows of its output. */
export async function runCase(opCase: OpCase, options: CaseOptions = {}): Promise<Float32Array> {
  const { graph, node, step, operands } = buildCase(opCase);
  const host = options.host ?? nodeHost();
  const backend = await createWasmBackend({ threads: 1, ...options, host, weights: [], graph, maxSessions: 1 });
  try {
    const program = backend.prepare(graph);
    for (const { value, bytes } of operands)
      if (value.role === 'state') await writeCache(program, value, bytes, step.pos);
    await program.run(step);
    return Float32Array.from(await program.read(node.out));
  } finally {
    await backend.dispose();
  }
}

/**
 * Makes the relaxed build usable on Node 20, which hides relaxed SIMD behind a flag and gets it wrong in its baseline compiler;
 * flags may be set as long as nothing has been compiled with the old ones. Newer versions need nothing.
 */
export function allowRelaxedBuild(): void {
  if (detectFeatures().build === 'relaxed') return;
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  setFlagsFromString('--no-liftoff');
}
