import { referenceBackend } from '../../../src/backends/reference/reference.ts';
import { describe, expect, test } from 'vitest';
import { encoderOf } from '../../../src/compress/encode/index.ts';
import { FormatError, ResourceError } from '../../../src/base/errors.ts';
import { weight, type Graph, type Value } from '../../../src/graph/graph.ts';
import { Recorder } from '../../../src/models/recorder.ts';
import { quantByName, quants } from '../../../src/quants/index.ts';
import type { ReadTensor } from '../../../src/backends/backend.ts';
import { createWasmBackend } from '../../../src/backends/wasm/wasm.ts';
import { allocateMemory, Heap } from '../../../src/backends/wasm/heap.ts';
import { createSizes, instantiate, compileBuild } from '../../../src/backends/wasm/kernels.ts';
import { planMemory, planProgram } from '../../../src/backends/wasm/plan.ts';
import { Pool } from '../../../src/backends/wasm/pool.ts';
import { uploadWeights } from '../../../src/backends/wasm/upload.ts';
import { bytesOf } from '../../../src/graph/tensor.ts';
import { randomFloats } from '../../cases/op_case.ts';
import { randomFile } from '../../kernels/weights.ts';
import { kernels, nodeHost } from './support.ts';

const q8 = quantByName.get('q8_0')!;
const f16 = quantByName.get('f16')!;
const nVocab = 20_003; // several pieces, the last one no whole group of rows
const cols = 512;
const table = weight({ name: 'table', quant: q8, shape: [nVocab, cols] });
const norm = weight({ name: 'norm', quant: f16, shape: [cols] });
const weights: Value[] = [table, norm];

const files = new Map([table, norm].map((tensor, i) => [tensor.name, encoded(tensor, i)]));

function encoded({ quant, shape }: Value, seed: number): Uint8Array {
  const floats = randomFloats(
    shape.reduce((n, m) => n * m, 1),
    seed + 5,
  );
  const bytes = new Uint8Array((floats.length / quant.blockSize) * quant.blockBytes);
  encoderOf(quant)!(floats, bytes);
  return bytes;
}

const read: ReadTensor = async ({ name }, offsetBytes, into) => {
  await new Promise((resolve) => setImmediate(resolve));
  into.set(files.get(name)!.subarray(offsetBytes, offsetBytes + into.length));
};

function graphOf(): Graph {
  const g = new Recorder({ nCtx: 64, maxTokens: 8, maxLogits: 8 });
  return g.finish(g.rmsNorm(g.embed(table), norm, 1e-5));
}

const open = (threads: number) =>
  createWasmBackend({ weights, graph: graphOf(), maxSessions: 1, threads, host: nodeHost() });

/** The embedded and normalised rows of some tokens, the last one of the table among them. */
async function rowsOf(backend: Awaited<ReturnType<typeof open>>): Promise<Float32Array> {
  const graph = graphOf();
  const program = backend.prepare(graph);
  const tokens = Int32Array.of(0, 1, 8191, 8192, 16_001, nVocab - 1);
  await program.run({ tokens, pos: 0, nLogits: 6 });
  const rows = Float32Array.from(await program.read(graph.logits));
  program.dispose();
  return rows;
}

function expectedRows(): Float32Array {
  const floats = new Float32Array(nVocab * cols);
  q8.dequantize!(files.get('table')!, floats);
  const gain = new Float32Array(cols);
  f16.dequantize!(files.get('norm')!, gain);
  const tokens = [0, 1, 8191, 8192, 16_001, nVocab - 1];
  return Float32Array.from(
    tokens.flatMap((token) => {
      const row = floats.subarray(token * cols, (token + 1) * cols);
      const scale = 1 / Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / cols + 1e-5);
      return [...row].map((x, i) => x * scale * gain[i]!);
    }),
  );
}

describe('upload', () => {
  for (const threads of [1, 2]) {
    test(`brings every row into place, piece by piece, on ${threads} threads`, async () => {
      const backend = await open(threads);
      const done: number[] = [];
      const sizes: number[] = [];
      await backend.upload(weights, {
        read: (tensor, offsetBytes, into) => {
          sizes.push(into.length);
          return read(tensor, offsetBytes, into);
        },
        onProgress: (doneBytes) => done.push(doneBytes),
      });
      expect(done.at(-1)).toBe(files.get('table')!.length + files.get('norm')!.length);
      expect(done).toEqual([...done].sort((a, b) => a - b));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(2 << 20); // never the whole table
      const [came, wanted] = [await rowsOf(backend), expectedRows()];
      came.forEach((x, i) => expect(Math.abs(x - wanted[i]!)).toBeLessThan(1e-5));
      await backend.dispose();
    });
  }

  test('asks for the next batch before it packs one, and never for two at a time', async () => {
    const backend = await open(1);
    const events: string[] = [];
    let n = 0;
    await backend.upload(weights, {
      read: async (tensor, offsetBytes, into) => {
        const piece = n++;
        events.push(`ask ${piece}`);
        await read(tensor, offsetBytes, into);
        events.push(`have ${piece}`);
      },
      onProgress: () => events.push('packed'),
    });
    // pieces of the table, the last of which shares a batch with the vector
    const last = [`ask ${n - 2}`, `ask ${n - 1}`, 'packed', `have ${n - 2}`, `have ${n - 1}`, 'packed'];
    const turns = Array.from({ length: n - 3 }, (_, i) => [`have ${i}`, `ask ${i + 1}`, 'packed']).flat();
    expect(n).toBeGreaterThan(4);
    expect(events).toEqual(['ask 0', ...turns, `have ${n - 3}`, ...last]);
    await backend.dispose();
  });

  test('reads and packs many small tensors together, in few turns', async () => {
    const small = Array.from({ length: 100 }, (_, i) =>
      weight({ name: `small.${i}`, quant: i % 3 ? q8 : f16, shape: i % 3 ? [17 + i, 32] : [cols] }),
    );
    const bytes = new Map(small.map((tensor, i) => [tensor.name, encoded(tensor, i)]));
    const backend = await createWasmBackend({
      ...{ weights: [...small, table, norm], graph: graphOf(), maxSessions: 1, threads: 2, host: nodeHost() },
    });
    let nTurns = 0;
    await backend.upload(small, {
      read: async ({ name }, offsetBytes, into) =>
        into.set(bytes.get(name)!.subarray(offsetBytes, offsetBytes + into.length)),
      onProgress: () => nTurns++,
    });
    expect(nTurns).toBe(4); // 32 tensors a turn
    await backend.dispose();
  });

  test('stops with an AbortError when the signal says so', async () => {
    const backend = await open(2);
    const controller = new AbortController();
    const upload = backend.upload(weights, { read, onProgress: () => controller.abort(), signal: controller.signal });
    await expect(upload).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }) as Error);
    await backend.dispose();
  });

  test('passes on what goes wrong while reading', async () => {
    const backend = await open(1);
    let n = 0;
    const failing: ReadTensor = (tensor, offsetBytes, into) =>
      ++n === 2 ? Promise.reject(new ResourceError('the file is gone')) : read(tensor, offsetBytes, into);
    await expect(backend.upload(weights, { read: failing })).rejects.toThrow('the file is gone');
    await backend.dispose();
  });

  const bad = { infinite: 0x7c00, 'minus infinite': 0xfc00, NaN: 0x7e00, 'a NaN of few bits': 0x7c01 };
  for (const quant of quants.filter((each) => each.halves && !each.scaleMask && encoderOf(each))) {
    test(`refuses ${quant.name} when one f16 number of one block is not finite`, async () => {
      const [rows, cols] = [37, 2 * quant.blockSize];
      const damaged = weight({ name: 'damaged', quant, shape: [rows, cols] });
      const good = encoded(damaged, 1);
      for (const offset of quant.halves!) {
        for (const [half, at] of Object.values(bad).map(
          (half, i) => [half, [0, 17, rows, 2 * rows - 1][i]!] as const,
        )) {
          const file = good.slice();
          new DataView(file.buffer).setUint16(at * quant.blockBytes + offset, half, true);
          const floats = new Float32Array(rows * cols);
          quant.dequantize!(file, floats);
          expect(floats.every(Number.isFinite)).toBe(false); // so the definition's logits say so
          await expect(bring(damaged, file)).rejects.toThrow(FormatError);
          await expect(bring(damaged, file)).rejects.toThrow(/^damaged: .*rows 0 to 36.*infinite or NaN/);
        }
      }
      await bring(damaged, good);
    });
  }

  test('refuses mxfp4 when an exponent is so large that weights may be infinite', async () => {
    const damaged = weight({ name: 'damaged', quant: quantByName.get('mxfp4')!, shape: [37, 64] });
    const good = encoded(damaged, 1);
    for (const [exponent, block] of [
      [253, 0],
      [255, 73],
    ] as const) {
      const file = good.slice();
      file.fill(0xff, 17 * block, 17 * block + 17);
      file[17 * block] = exponent;
      await expect(bring(damaged, file)).rejects.toThrow(/^damaged: a scale in rows 0 to 36.*infinite or NaN/);
    }
    good[0] = 252;
    await bring(damaged, good);
  });

  test('refuses iq1_m when a scale, whose bits lie in four bytes, is not finite', async () => {
    const quant = quantByName.get('iq1_m')!;
    const damaged = weight({ name: 'damaged', quant, shape: [37, 512] });
    const good = randomFile(quant, 37, 512);
    for (const [i, half] of Object.values(bad).entries()) {
      const file = good.slice();
      const block = [0, 17, 37, 73][i]! * quant.blockBytes;
      for (let n = 0; n < 4; n++) {
        file[block + 49 + 2 * n] = (file[block + 49 + 2 * n]! & 15) | (((half >> (4 * n)) & 15) << 4);
      }
      await expect(bring(damaged, file)).rejects.toThrow(/^damaged: a scale in rows 0 to 36.*infinite or NaN/);
      file[block + 53]! &= 0x7f; // the lowest bit but one of the exponent
      await bring(damaged, file);
    }
    await bring(damaged, good);
  });

  test('takes nvfp4 whatever its bytes are: a scale that is NaN counts as 0, as in ggml', async () => {
    const damaged = weight({ name: 'damaged', quant: quantByName.get('nvfp4')!, shape: [37, 64] });
    await bring(damaged, new Uint8Array(37 * 36).fill(0xff));
  });

  /** Sign, exponent and mantissa in the upper half of a float's bits. */
  const badBits: Readonly<Record<string, readonly number[]>> = {
    f16: Object.values(bad),
    bf16: [0x7f80, 0xff80, 0x7fc0, 0x7f81],
    f32: [0x7f80, 0xff80, 0x7fc0, 0x7f81],
  };
  for (const quant of quants.filter(({ infinity, halves }) => infinity && !halves)) {
    for (const shape of [[37, 44], [33, 5], [3]]) {
      test(`refuses ${quant.name} [${shape.join(', ')}] when one weight is not finite, on either backend`, async () => {
        const damaged = weight({ name: 'damaged', quant, shape });
        const good = encoded(damaged, 1);
        const n = good.length / quant.blockBytes;
        for (const [i, bits] of badBits[quant.name]!.entries()) {
          const file = good.slice();
          const at = [0, n - 1, n >> 1, n >> 2][i]!;
          new DataView(file.buffer).setUint16(at * quant.blockBytes + quant.blockBytes - 2, bits, true);
          await expect(bring(damaged, file)).rejects.toThrow(/^damaged: .*infinite or NaN/);
          const plain = referenceBackend().upload([damaged], {
            read: async (_tensor, offset, into) => into.set(file.subarray(offset, offset + into.length)),
          });
          await expect(plain).rejects.toThrow(/^damaged: .*infinite or NaN/);
        }
        await bring(damaged, good);
      });
    }
  }
});

describe('a stack of matrices', () => {
  /** Uploads tensors, and returns what lies in memory for each. */
  async function packed(
    tensors: readonly Value[],
    file: Uint8Array,
  ): Promise<{ bytes: Uint8Array; matrixBytes: number }[]> {
    const modules = await compileBuild({ kernels, build: 'simd', shared: true });
    const sizes = createSizes(modules, true);
    const program = planProgram(graphOf(), sizes, { activations: 'exact' });
    const plan = planMemory({ weights: tensors, program, maxSessions: 1, threads: 2 }, sizes);
    const heap = new Heap(plan, await allocateMemory(plan, true));
    const instance = instantiate(modules, heap.memory);
    const pool = new Pool(2, nodeHost());
    try {
      const scratch = plan.scratch.map(({ begin }) => begin);
      await pool.start({ memory: heap.memory, modules, instance, scratch, grids: plan.grids.begin });
      const begins = new Map<string, number>();
      tensors.reduce((begin, tensor) => (begins.set(tensor.name, begin), begin + bytesOf(tensor)), 0);
      await uploadWeights({ heap, plan, instance, pool }, tensors, {
        read: async ({ name }, offsetBytes, into) => {
          const begin = begins.get(name)! + offsetBytes;
          into.set(file.subarray(begin, begin + into.length));
        },
      });
      return tensors.map(({ name }) => {
        const { begin, bytes, matrixBytes } = plan.weights.get(name)!;
        return { bytes: heap.bytes(begin, bytes).slice(), matrixBytes };
      });
    } finally {
      await pool.close();
    }
  }

  test.each([
    ['q8_0', 3, 37, 64],
    ['q4_k', 5, 3, 512],
    ['q6_k', 2, 40, 256],
    ['f16', 4, 16, 31],
    ['f32', 3, 5, 33],
    ['q8_0', 2, 2500, 1024], // several pieces each
  ] as const)('lies as each of them does alone: %s [%d, %d, %d]', async (name, nExperts, rows, cols) => {
    const quant = quantByName.get(name)!;
    const stack = weight({ name: 'stack', quant, shape: [nExperts, rows, cols] });
    const file = randomFile(quant, nExperts * rows, cols);
    const [whole] = await packed([stack], file);
    const experts = Array.from({ length: nExperts }, (_, e) => weight({ name: `e.${e}`, quant, shape: [rows, cols] }));
    for (const [e, { bytes }] of (await packed(experts, file)).entries()) {
      const at = e * whole!.matrixBytes;
      expect(Buffer.compare(whole!.bytes.subarray(at, at + bytes.length), bytes), `matrix ${e}`).toBe(0);
    }
  });
});

/** Uploads one matrix. */
async function bring(matrix: Value, file: Uint8Array): Promise<void> {
  const g = new Recorder({ nCtx: 8, maxTokens: 8, maxLogits: 8 });
  const graph = g.finish(g.embed(matrix));
  const backend = await createWasmBackend({ weights: [matrix], graph, maxSessions: 1, threads: 1, host: nodeHost() });
  try {
    await backend.upload([matrix], {
      read: async (_, offsetBytes, into) => into.set(file.subarray(offsetBytes, offsetBytes + into.length)),
    });
  } finally {
    await backend.dispose();
  }
}
