import { afterAll, describe, expect, test } from 'vitest';
import { readsType } from '../../../src/backends/webgpu/lower.ts';
import { areFinite, paddedCols, planeNames, planeRowBytes, takeApart } from '../../../src/backends/webgpu/planes.ts';
import { levels16 } from '../../../src/models/levels16.ts';
import { quants } from '../../../src/quants/index.ts';
import type { QuantType } from '../../../src/quants/quant_type.ts';
import { kernelSource } from '../../../src/backends/webgpu/sources.ts';
import { findDawn } from '../../helpers/dawn.ts';
import { dequantized, quantNamed, randomFile } from '../../kernels/weights.ts';

const { gpu } = await findDawn();
const device = await (await gpu?.requestAdapter())?.requestDevice();
afterAll(() => device?.destroy());

const TYPES = quants.filter(readsType).map(({ name }) => name);

/** Writes every weight of a matrix, padding included. */
const probes = {
  unit: `
    @group(0) @binding(0) var<storage, read_write> out: array<f32>;
    fn put(at: u32, levels: vec4<u32>, scale: f32, min: f32) {
      for (var i = 0u; i < 16u; i++) {
        let level = extractBits(i32(levels[i >> 2u]), 8u * (i & 3u), 8u);
        out[at + i] = scale * f32(level) + min;
      }
    }
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      if (32u * id.x >= arrayLength(&out)) { return; }
      let u = unit(id.x);
      put(32u * id.x, u.low, u.scale.x, u.min.x);
      put(32u * id.x + 16u, u.high, u.scale.y, u.min.y);
    }`,
  weights4: `
    @group(0) @binding(0) var<storage, read_write> out: array<vec4<f32>>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      if (id.x < arrayLength(&out)) { out[id.x] = weights4(id.x); }
    }`,
};

const STORAGE = 0x80;
const COPY_DST = 8;
const COPY_SRC = 4;

/** Smaller scales than an f32's least normal number become zero: mxfp4 has them, times a value of 12. */
const SUBNORMAL = 12 * 2 ** -127;

const words = (bytes: number): number => Math.ceil(bytes / 4) * 4;

function bufferOf(gpu: GPUDevice, bytes: Uint8Array): GPUBuffer {
  const buffer = gpu.createBuffer({ size: words(bytes.length), usage: STORAGE | COPY_DST });
  const padded = new Uint8Array(buffer.size);
  padded.set(bytes);
  gpu.queue.writeBuffer(buffer, 0, padded);
  return buffer;
}

/** Weights as the kernels see them `[rows, paddedCols(cols)]`. */
async function onGpu(gpu: GPUDevice, quant: QuantType, cols: number, file: Uint8Array): Promise<Float32Array> {
  const rows = ((file.length / quant.blockBytes) * quant.blockSize) / cols;
  const planes = planeRowBytes(quant, cols).map((bytes) => new Uint8Array(words(bytes * rows)));
  takeApart(quant, cols, file, planes);
  const { code: source } = kernelSource([`quants/${quant.name}`]);
  const isUnit = source.includes('fn unit(');
  const module = gpu.createShaderModule({ code: source + probes[isUnit ? 'unit' : 'weights4'] });
  const pipeline = await gpu.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  const n = rows * paddedCols(cols);
  const out = gpu.createBuffer({ size: n * 4, usage: STORAGE | COPY_SRC });
  const back = gpu.createBuffer({ size: n * 4, usage: GPUBufferUsage.MAP_READ | COPY_DST });
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const groups = [[out], planes.map((plane) => bufferOf(gpu, plane))];
  for (const [group, buffers] of groups.entries()) {
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    pass.setBindGroup(group, gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(group), entries }));
  }
  pass.dispatchWorkgroups(Math.ceil(n / (isUnit ? 32 : 4) / 64));
  pass.end();
  encoder.copyBufferToBuffer(out, 0, back, 0, n * 4);
  gpu.queue.submit([encoder.finish()]);
  await back.mapAsync(GPUMapMode.READ);
  const weights = new Float32Array(back.getMappedRange().slice(0));
  for (const buffer of [...groups.flat(), back]) buffer.destroy();
  return weights;
}

/** Rows padded with zeros. */
function padded(weights: Float32Array, cols: number): Float32Array {
  const wide = paddedCols(cols);
  const rows = new Float32Array((weights.length / cols) * wide);
  for (let row = 0; row * cols < weights.length; row++) {
    rows.set(weights.subarray(row * cols, (row + 1) * cols), row * wide);
  }
  return rows;
}

describe.skipIf(!device)('weights on the GPU are what the definition says, to the bit', () => {
  for (const name of TYPES) {
    const quant = quantNamed(name);
    const colCounts = quant.blockSize === 1 ? [5, 32, 44] : [quant.blockSize, 3 * quant.blockSize];
    for (const cols of colCounts) {
      test.each([1, 7, 64])(`${name}, %d rows of ${cols} columns`, async (rows) => {
        const file = randomFile(quant, rows, cols);
        const came = await onGpu(device!, quant, cols, file);
        const wanted = padded(dequantized(quant, file), cols);
        const differs = came.findIndex((x, i) => !(Math.abs(x - wanted[i]!) <= SUBNORMAL));
        expect(differs, `weight ${differs}: ${came[differs]}, expected ${wanted[differs]}`).toBe(-1);
      });
    }
  }
});

/** The upper 16 bits of numbers that are not finite, and of the largest ones that are. */
const halfBits = { bad: [0x7c00, 0xfc00, 0x7e00, 0x7c01], good: [0x7bff, 0xfbff] };
const floatBits = { bad: [0x7f80, 0xff80, 0x7fc0, 0x7f81], good: [0x7f7f, 0xff7f] };
const bitsOf: Readonly<Record<string, typeof halfBits>> = {
  f32: floatBits,
  bf16: floatBits,
  mxfp4: { bad: [0xaafd, 0xaaff], good: [0xaafc] }, // the lower byte is an exponent
};

describe('a scale or float that is not finite is found', () => {
  for (const name of TYPES) {
    const quant = quantNamed(name);
    const cols = quant.blockSize === 1 ? 45 : quant.blockSize;
    const { bad, good } = bitsOf[name] ?? halfBits;
    test(name, () => {
      const file = randomFile(quant, 5, cols);
      expect(areFinite(quant, file)).toBe(true);
      const nBlocks = file.length / quant.blockBytes;
      for (const offset of quant.halves ?? [quant.blockBytes - 2]) {
        for (const block of [0, 1, nBlocks - 2, nBlocks - 1]) {
          for (const bits of [...bad, ...good]) {
            const changed = file.slice();
            new DataView(changed.buffer).setUint16(block * quant.blockBytes + offset, bits, true);
            const at = `block ${block}, bits ${bits.toString(16)}`;
            expect(areFinite(quant, changed), at).toBe(good.includes(bits));
          }
        }
      }
    });
  }
});

test('whole numbers of an adapter are taken as they are', async () => {
  const file = new Uint8Array(Int16Array.of(-32768, 32767, -1, 0, 5, 256).buffer);
  expect(areFinite(levels16, file)).toBe(true);
  if (!device) return;
  const came = await onGpu(device, levels16, 3, file);
  expect([...came.subarray(0, 4), ...came.subarray(32, 36)]).toEqual([-32768, 32767, -1, 0, 0, 5, 256, 0]);
});

test.each(TYPES)('the planes of %s are declared in the order in which it is taken apart', (name) => {
  const { code: source } = kernelSource([`quants/${name}`]);
  const declared = [...source.matchAll(/@group\(1\) @binding\((\d)\) var<storage, read> (\w+)Plane/g)];
  expect(declared.map(([, binding]) => Number(binding))).toEqual(declared.map((_, i) => i));
  expect(declared.map(([, , plane]) => plane)).toEqual(planeNames(quantNamed(name)));
});
