import { readFile } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { buildSync } from 'esbuild';
import { createWasmBackend, type WasmHost, type WasmOptions } from '../../../src/backends/wasm/wasm.ts';
import type { Build } from '../../../src/features.ts';
import { detectFeatures } from '../../../src/features.ts';
import { spawn, tick } from '../../../src/platform/node.ts';
import type { Program } from '../../../src/backends/backend.ts';
import type { Value } from '../../../src/graph/graph.ts';
import { buildCase, decodeRows, encodeRows, type OpCase } from '../../cases/op_case.ts';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Bytes of a kernel build, as `npm run build` leaves them. */
export const kernels = async (build: Build): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(`${root}/dist/thimble.${build}.wasm`));

/** The compute worker's script, bundled once per test file: worker threads of Node 20 take no TypeScript. */
let script: URL | undefined;

export function computeScript(): URL {
  if (!script) {
    const outfile = join(mkdtempSync(join(tmpdir(), 'thimble-')), 'compute.mjs');
    const entryPoints = [`${root}/src/backends/wasm/compute_worker.ts`];
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

/** Runs a case on the WASM backend: the rows of its output, or of the state that it wrote. */
export async function runCase(opCase: OpCase, options: CaseOptions = {}): Promise<Float32Array> {
  const { graph, node, step, floats } = buildCase(opCase);
  const weights = node.inputs.filter(({ role }) => role === 'weight');
  const host = options.host ?? nodeHost();
  const backend = await createWasmBackend({ threads: 1, ...options, host, weights, graph, maxSessions: 1 });
  try {
    await backend.upload(weights, {
      read: async ({ name }, offsetBytes, into) => {
        const { buffer } = floats[node.inputs.findIndex((input) => input.name === name)]!;
        into.set(new Uint8Array(buffer as ArrayBuffer, offsetBytes, into.length));
      },
    });
    const program = backend.prepare(graph);
    for (const [i, input] of node.inputs.entries()) {
      if (input.role === 'state') await writeCache(program, input, floats[i]!, step.pos);
    }
    await program.run(step);
    return node.out.role === 'state'
      ? decodeRows(await program.readState(node.out, 0, node.out.shape[0]!), node.out.quant.name)
      : Float32Array.from(await program.read(node.out));
  } finally {
    await backend.dispose();
  }
}

/** Fills a cache with `floats[nPositions, cols]`; a ring then holds the positions before `pos`. */
export async function writeCache(program: Program, state: Value, floats: Float32Array, pos: number): Promise<void> {
  const [nPositions, cols] = state.shape as [number, number];
  const begin = Math.max(0, pos - nPositions);
  const cut = (begin % nPositions) * cols;
  const write = (at: number, rows: Float32Array) => program.writeState(state, at, encodeRows(rows, state.quant.name));
  await write(begin, floats.subarray(cut));
  if (cut > 0) await write(begin + nPositions - (begin % nPositions), floats.subarray(0, cut));
}

/** Largest difference, relative to the largest magnitude expected. */
export function errorOf(came: Float32Array, wanted: Float32Array): number {
  if (came.length !== wanted.length) throw new Error(`${came.length} numbers came, ${wanted.length} were expected`);
  const largest = wanted.reduce((max, x) => Math.max(max, Math.abs(x)), 0) || 1;
  return came.reduce((max, x, i) => Math.max(max, Math.abs(x - wanted[i]!)), 0) / largest;
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
