import { describe, expect, test } from 'vitest';
import type { Backend, ReadTensor } from '../../../src/backends/backend.ts';
import { referenceBackend } from '../../../src/backends/reference/reference.ts';
import { lower } from '../../../src/backends/webgpu/lower.ts';
import { partsOf } from '../../../src/backends/webgpu/parts.ts';
import { pipelineKey } from '../../../src/backends/webgpu/pipelines.ts';
import { choosePlain } from '../../../src/backends/webgpu/variants.ts';
import { createWebgpuBackend } from '../../../src/backends/webgpu/webgpu.ts';
import { FormatError, ResourceError } from '../../../src/base/errors.ts';
import { weight, type Graph, type Value } from '../../../src/graph/graph.ts';
import { levels16 } from '../../../src/models/levels16.ts';
import { Recorder } from '../../../src/models/recorder.ts';
import { addProduct } from '../../../src/ops/add_product.ts';
import { quantByName } from '../../../src/quants/index.ts';
import { errorOf } from '../../cases/op_case.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { dequantized, randomFile } from '../../kernels/weights.ts';
import { watched, scarce } from '../../helpers/watched_gpu.ts';

const { gpu, absent } = await findDawn();

const q8 = quantByName.get('q8_0')!;
const f16 = quantByName.get('f16')!;
const nVocab = 20_003; // several pieces, the last one no whole group of rows
const cols = 512;
const table = weight({ name: 'table', quant: q8, shape: [nVocab, cols] });
const norm = weight({ name: 'norm', quant: f16, shape: [cols] });
const weights = [table, norm];
const files = new Map([table, norm].map((tensor, i) => [tensor.name, fileOf(tensor, i)]));

function fileOf({ quant, shape }: Value, seed: number): Uint8Array {
  const [columns, rows = 1] = [...shape].reverse() as [number, number?];
  return randomFile(quant, rows, columns, seed + 5);
}

const readFrom =
  (bytes: ReadonlyMap<string, Uint8Array>): ReadTensor =>
  async ({ name }, offsetBytes, into) => {
    await new Promise((resolve) => setImmediate(resolve));
    into.set(bytes.get(name)!.subarray(offsetBytes, offsetBytes + into.length));
  };

const read = readFrom(files);

/** Rows of a table, one for each token. */
function graphOf(matrix: Value): Graph {
  const g = new Recorder({ nCtx: 64, maxTokens: 8, maxLogits: 8 });
  return g.finish(g.embed(matrix));
}

/** A limit is lower than the adapter's. */
const open = (matrix: Value, from: GPU = gpu!, bindingBytes?: number) => {
  const limits: Record<string, number> = bindingBytes ? { maxStorageBufferBindingSize: bindingBytes } : {};
  const graph = graphOf(matrix);
  return createWebgpuBackend({ gpu: from, weights: [matrix], graph, device: { limits }, checks: false });
};

async function rowsOf(backend: Backend, matrix: Value, tokens: readonly number[]): Promise<Float32Array> {
  const graph = graphOf(matrix);
  const program = backend.prepare(graph);
  await program.run({ tokens: Int32Array.from(tokens), pos: 0, nLogits: tokens.length });
  const rows = Float32Array.from(await program.read(graph.logits));
  program.dispose();
  return rows;
}

function expectedRows({ quant, shape }: Value, file: Uint8Array, tokens: readonly number[]): Float32Array {
  const rowBytes = (shape[1]! / quant.blockSize) * quant.blockBytes;
  const rows = tokens.map((token) => dequantized(quant, file.slice(token * rowBytes, (token + 1) * rowBytes)));
  return Float32Array.from(rows.flatMap((row) => [...row]));
}

/** To the bit, but for the sign of zero, and for subnormal numbers, which a GPU makes zeros of. */
function expectSame(came: Float32Array, wanted: Float32Array): void {
  expect(came.length).toBe(wanted.length);
  const differs = came.findIndex((x, i) => !(Math.abs(x - wanted[i]!) <= 2 ** -122));
  expect(differs, `number ${differs}: ${came[differs]}, expected ${wanted[differs]}`).toBe(-1);
}

/** Uploads one matrix. */
async function bring(matrix: Value, file: Uint8Array): Promise<void> {
  const backend = await open(matrix);
  try {
    await backend.upload([matrix], { read: readFrom(new Map([[matrix.name, file]])) });
  } finally {
    await backend.dispose();
  }
}

test('products of adapters are the same pipelines whatever their scale is', () => {
  const keys = [0.5, 0.7].map((by) => {
    const g = new Recorder({ nCtx: 64, maxTokens: 8, maxLogits: 8 });
    const x = g.embed(table);
    const tall = weight({ ...table, name: 'tall', quant: levels16, shape: [cols, 64] });
    const small = weight({ ...table, name: 'small', shape: [64, cols] });
    const graph = g.finish(g.node(addProduct, [x, tall, g.matmul(small, x)], { by }));
    const { calls } = lower(graph, { threads: 64, bindingBytes: 2 ** 27, choose: choosePlain });
    return calls.map(({ kernel }) => pipelineKey(kernel));
  });
  expect(keys[0]).toEqual(keys[1]);
});

describe.skipIf(absent)('upload to a GPU', () => {
  test('brings every row into place, piece by piece', async () => {
    const backend = await open(table);
    const [done, sizes]: [number[], number[]] = [[], []];
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
    const tokens = [0, 1, 8191, 8192, 16_001, nVocab - 2, nVocab - 1];
    expectSame(await rowsOf(backend, table, tokens), expectedRows(table, files.get('table')!, tokens));
    await backend.dispose();
  });

  for (const quant of ['f16', 'q8_0', 'q6_k'].map((name) => quantByName.get(name)!)) {
    test(`cuts a matrix that is larger than a kernel may see into parts of whole rows: ${quant.name}`, async () => {
      const columns = quant.blockSize === 1 ? 205 : 256;
      const matrix = weight({ name: 'matrix', quant, shape: [2003, columns] });
      const file = fileOf(matrix, 3);
      const bindingBytes = Math.ceil(file.length / 3);
      const parts = partsOf(matrix, bindingBytes);
      expect(parts.length).toBeGreaterThan(2);
      const backend = await open(matrix, gpu, bindingBytes);
      await backend.upload([matrix], { read: readFrom(new Map([['matrix', file]])) });
      const edges = parts.slice(0, 3).flatMap(({ rowBegin, rowEnd }) => [rowBegin, rowEnd - 1]);
      for (const tokens of [edges, [2002, 2001, 502, 503, 777, 64, 63, 65]]) {
        expectSame(await rowsOf(backend, matrix, tokens), expectedRows(matrix, file, tokens));
      }
      await backend.dispose();
    });
  }

  test.each([1, 3, 40])('puts the products of parts together, for %d tokens', async (nTokens) => {
    const sizes = { nCtx: 64, maxTokens: 40, maxLogits: 40 };
    const [wide, tall] = [
      weight({ ...table, shape: [1003, 512] }),
      weight({ ...table, name: 'tall', quant: levels16, shape: [1003, 64] }),
    ];
    const small = weight({ ...table, name: 'small', shape: [64, 512] });
    const tensors = [wide, tall, small];
    const bytes = new Map(tensors.map((tensor, i) => [tensor.name, fileOf(tensor, i)]));
    const g = new Recorder(sizes);
    const x = g.embed(wide);
    const graph = g.finish(g.node(addProduct, [g.matmul(wide, x), tall, g.matmul(small, x)], { by: 1e-5 }));
    const device = { features: [], limits: { maxStorageBufferBindingSize: 300_000 } };
    const backends = [
      await createWebgpuBackend({ gpu: gpu!, weights: tensors, graph, device, checks: false }),
      referenceBackend(),
    ];
    const tokens = Int32Array.from({ length: nTokens }, (_, t) => (t * 617) % 1003);
    const results: Float32Array[] = [];
    for (const backend of backends) {
      await backend.upload(tensors, { read: readFrom(bytes) });
      const program = backend.prepare(graph);
      await program.run({ tokens, pos: 0, nLogits: nTokens });
      results.push(Float32Array.from(await program.read(graph.logits)));
      await backend.dispose();
    }
    expect(partsOf(wide, 300_000)).toHaveLength(2);
    expect(errorOf(results[0]!, results[1]!)).toBeLessThan(1e-3); // of whichever variant is quickest here
  });

  test('refuses a matrix of which a kernel cannot see four rows, before anything is read', async () => {
    const backend = await open(table, gpu, 1024);
    const upload = backend.upload([table], { read: () => Promise.reject(new Error('was read')) });
    await expect(upload).rejects.toThrow(ResourceError);
    await expect(upload).rejects.toThrow(/^4 rows of table are 2,[0-9]+ bytes, the GPU takes 1,024 at once; .*wasm/);
    await backend.dispose();
  });

  test('stops with an AbortError when the signal says so', async () => {
    const backend = await open(table);
    const controller = new AbortController();
    const upload = backend.upload(weights, { read, onProgress: () => controller.abort(), signal: controller.signal });
    await expect(upload).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }) as Error);
    await backend.dispose();
  });

  test('passes on what goes wrong while reading', async () => {
    const backend = await open(table);
    let n = 0;
    const failing: ReadTensor = (tensor, offsetBytes, into) =>
      ++n === 2 ? Promise.reject(new ResourceError('the file is gone')) : read(tensor, offsetBytes, into);
    await expect(backend.upload(weights, { read: failing })).rejects.toThrow('the file is gone');
    await backend.dispose();
  });

  test('stops when the device is lost', async () => {
    const counted = watched(gpu!);
    const backend = await open(table, counted.gpu);
    let n = 0;
    const losing: ReadTensor = (...asked) => {
      if (++n === 2) counted.devices[0]!.destroy();
      return read(...asked);
    };
    const upload = backend.upload(weights, { read: losing });
    await expect(upload).rejects.toThrow(ResourceError);
    await expect(upload).rejects.toThrow(/^the GPU cannot go on, it was lost: .*opens the model again/s);
    expect(n).toBeLessThan(5);
    await backend.dispose();
  });

  test('says which rows have a scale that is not finite, as the WASM backend does', async () => {
    const shape = [9001, 512]; // three pieces
    const damaged = weight({ name: 'damaged', quant: q8, shape });
    const file = fileOf(damaged, 1);
    new DataView(file.buffer).setUint16(5000 * 16 * 34, 0x7c00, true);
    const upload = bring(damaged, file);
    await expect(upload).rejects.toThrow(FormatError);
    await expect(upload).rejects.toThrow(
      'damaged: a scale in rows 3004 to 6007 is infinite or NaN, expected finite ones; damaged file?',
    );
  });

  test.each([[[33, 5]], [[3]]])('says that a float of a weight [%s] is not finite', async (shape) => {
    const damaged = weight({ name: 'damaged', quant: f16, shape });
    const file = fileOf(damaged, 1);
    new DataView(file.buffer).setUint16(file.length - 2, 0x7e00, true);
    const where = shape.length === 1 ? 'weight 2' : 'a weight in rows 0 to 32';
    await expect(bring(damaged, file)).rejects.toThrow(`damaged: ${where} is infinite or NaN`);
  });
});

describe.skipIf(absent)('memory of a GPU', () => {
  const big = weight({ name: 'big', quant: q8, shape: [4096, 1024] }); // 4,456,448 bytes
  const zeros: ReadTensor = async () => undefined;

  test('is asked for before anything is read', async () => {
    const backend = await open(big, scarce(gpu!, 4_400_000));
    const upload = backend.upload([big], { read: () => Promise.reject(new Error('was read')) });
    await expect(upload).rejects.toThrow(ResourceError);
    await expect(upload).rejects.toThrow(
      /^the GPU has no room for the weights, 4,456,448 bytes beside 16 in use \(.*wasm/s,
    );
    await backend.dispose();
  });

  test('has to have room for a session, too', async () => {
    const backend = await open(big, scarce(gpu!, 4_480_000));
    const upload = backend.upload([big], { read: () => Promise.reject(new Error('was read')) });
    await expect(upload).rejects.toThrow(/^the GPU has no room for a session, [0-9,]+ bytes beside 4,45/);
    await backend.dispose();
  });

  test('is short where a second session begins: its first run says so, and the first session goes on', async () => {
    const backend = await open(big, scarce(gpu!, 4_456_464 + 60_000));
    await backend.upload([big], { read: zeros });
    const graph = graphOf(big);
    const step = { tokens: Int32Array.of(3), pos: 0, nLogits: 1 };
    const first = backend.prepare(graph);
    await first.run(step);
    const second = backend.prepare(graph);
    await expect(second.run(step)).rejects.toThrow(ResourceError);
    await expect(second.run(step)).rejects.toThrow(/no room for a session/);
    const state = graph.nodes[0]!.out; // of a program that has none
    await expect(second.readState(state, 0, 1)).rejects.toThrow(/no room for a session/);
    await expect(second.writeState(state, 0, new Uint8Array(4))).rejects.toThrow(/no room for a session/);
    second.dispose();
    await first.run(step);
    expect(backend.isDead).toBe(false);
    await backend.dispose();
  });

  test('is asked for what is on its way only so fast as it arrives', async () => {
    const large = weight({ name: 'large', quant: quantByName.get('f32')!, shape: [12_288, 1024] }); // 48 MiB
    const counted = watched(gpu!);
    const backend = await open(large, counted.gpu);
    const { queue } = counted.devices[0]!;
    const arrived: (() => void)[] = [];
    queue.onSubmittedWorkDone = () => new Promise<undefined>((resolve) => arrived.push(() => resolve(undefined)));
    let doneBytes = 0;
    const upload = backend.upload([large], { read: zeros, onProgress: (bytes) => (doneBytes = bytes) });
    await expect.poll(() => arrived.length).toBe(17); // the last one is waited for
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(doneBytes).toBe(32 << 20);
    for (let done = 0; done < 24; await new Promise((resolve) => setImmediate(resolve))) {
      for (; done < arrived.length; done++) arrived[done]!();
    }
    await upload;
    await backend.dispose();
  });
});

test.skipIf(absent)('kernels compile while weights are on their way', async () => {
  const counted = watched(gpu!);
  const backend = await open(table, counted.gpu);
  const device = counted.devices[0]!;
  const compile = device.createComputePipelineAsync.bind(device);
  const events: string[] = [];
  device.createComputePipelineAsync = (descriptor) => {
    events.push('compile');
    return compile(descriptor);
  };
  await backend.upload([table], {
    read: (...asked) => {
      events.push('read');
      return read(...asked);
    },
  });
  await rowsOf(backend, table, [5]);
  expect(events.filter((event) => event === 'compile')).toHaveLength(1);
  expect(events.lastIndexOf('compile')).toBeLessThan(events.lastIndexOf('read'));
  await backend.dispose();
});
