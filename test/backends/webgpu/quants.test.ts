import { readFileSync } from 'node:fs';
import { create, globals } from 'webgpu';
import { afterAll, describe, expect, test } from 'vitest';
import { areFinite, hasPlanes, paddedCols, planeRowBytes, takeApart } from '../../../src/backends/webgpu/planes.ts';
import type { QuantType } from '../../../src/quants/quant_type.ts';
import { dequantized, quantNamed, randomFile } from '../../kernels/weights.ts';

Object.assign(globalThis, globals);

const gpus = [create([])]; // Dawn ends the process when nothing holds it
const adapter = await gpus[0]!.requestAdapter();
const device = await adapter?.requestDevice();
afterAll(() => {
  device?.destroy();
  gpus.length = 0;
});

const TYPES = ['f32', 'f16', 'bf16', 'q4_0', 'q4_1', 'q8_0'];

const fileOf = (path: string): string =>
  readFileSync(new URL(`../../../kernels/${path}.wgsl`, import.meta.url), 'utf8');

/** A quant's file with what it needs. */
function sourceOf(name: string): string {
  const source = fileOf(`quants/${name}`);
  const needs = /^\/\/ needs: (.*)$/m.exec(source)?.[1]?.split(', ') ?? [];
  return [...needs.map((need) => fileOf(`lib/${need}`)), source].join('\n');
}

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
  const source = sourceOf(quant.name);
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
        const differs = came.findIndex((x, i) => x !== wanted[i]);
        expect(differs, `weight ${differs}: ${came[differs]}, expected ${wanted[differs]}`).toBe(-1);
      });
    }
  }
});

describe('a damaged scale or float is found', () => {
  for (const name of TYPES) {
    const quant = quantNamed(name);
    const cols = quant.blockSize === 1 ? 44 : quant.blockSize;
    test(name, () => {
      expect(hasPlanes(quant)).toBe(true);
      const file = randomFile(quant, 5, cols);
      expect(areFinite(quant, file)).toBe(true);
      const nBlocks = file.length / quant.blockBytes;
      for (const offset of quant.halves ?? [quant.blockBytes - 2]) {
        for (const block of [0, nBlocks >> 1, nBlocks - 1]) {
          const damaged = file.slice();
          damaged.fill(0xff, block * quant.blockBytes + offset, block * quant.blockBytes + offset + 2);
          expect(areFinite(quant, damaged), `block ${block}`).toBe(false);
        }
      }
    });
  }
});
