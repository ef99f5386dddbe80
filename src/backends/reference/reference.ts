import { ResourceError } from '../../base/errors.ts';
import { counted } from '../../base/numbers.ts';
import { textsOf, type Graph, type Node, type Step, type Value } from '../../graph/graph.ts';
import { elementsOf, type Tensor } from '../../graph/tensor.ts';
import { bytesFor } from '../../quants/quant_type.ts';
import type { Backend, Look, Program, StateCopy, UploadOptions } from '../backend.ts';
import { checkFinite } from '../../quants/finite.ts';
import { kvStore } from '../../ops/kv_store.ts';
import { checkAlive, checkReadable, notHeld, readableValues, stepCheck } from '../checks.ts';
import { Rings } from '../rings.ts';

/** Bytes read and decoded at a time. */
const PIECE_BYTES = 1 << 20;

/**
 * The definition of correct: every weight decoded to floats, every op in plain loops, one thread. It is slow and meant to be
 * read, and it judges the other backends.
 */
export function referenceBackend(): Backend {
  const weights = new Map<string, Float32Array>();

  return {
    name: 'reference',
    threads: 1,
    activations: 'exact',
    unsupported: () => undefined,
    supports: (quant) => quant.dequantize !== undefined,
    upload: (tensors, options) => upload(weights, tensors, options),
    prepare: (graph, look) => new ReferenceProgram(graph, weights, look),
    dispose: () => weights.clear(),
  };
}

async function upload(into: Map<string, Float32Array>, tensors: readonly Tensor[], options: UploadOptions) {
  let doneBytes = 0;
  for (const tensor of tensors) {
    const { blockSize, blockBytes, dequantize } = tensor.quant;
    const floats = allocate(tensor.name, elementsOf(tensor));
    const nBlocks = floats.length / blockSize;
    const pieceBlocks = Math.max(1, Math.floor(PIECE_BYTES / blockBytes));
    for (let block = 0; block < nBlocks; block += pieceBlocks) {
      options.signal?.throwIfAborted();
      const n = Math.min(pieceBlocks, nBlocks - block);
      const bytes = new Uint8Array(n * blockBytes);
      await options.read(tensor, block * blockBytes, bytes);
      const piece = floats.subarray(block * blockSize, (block + n) * blockSize);
      dequantize!(bytes, piece);
      checkFinite(tensor.name, piece);
      doneBytes += bytes.length;
      options.onProgress?.(doneBytes);
    }
    into.set(tensor.name, floats);
  }
}

function allocate(name: string, nFloats: number): Float32Array {
  try {
    return new Float32Array(nFloats);
  } catch (cause) {
    const wanted = `${name} needs ${counted(nFloats * 4)} bytes as floats`;
    throw new ResourceError(`${wanted}, which this machine would not give; use the wasm backend`, { cause });
  }
}

/** What a step stored is finite. */
function checkHeld(cache: Value, rows: Float32Array, step: Step): void {
  const [nPositions, cols] = cache.shape as [number, number];
  for (const { base, pos, nTokens } of textsOf(step)) {
    for (let p = base + pos; p < base + pos + nTokens; p++) {
      const at = (p % nPositions) * cols;
      if (!rows.subarray(at, at + cols).every(Number.isFinite)) throw notHeld(cache);
    }
  }
}

class ReferenceProgram implements Program {
  private readonly graph: Graph;
  private readonly arrays = new Map<Value, Float32Array>();
  private readonly checkStep: (step: Step) => void;
  private readonly readable: ReadonlySet<Value>;
  private readonly rings: Rings;
  private readonly onNode: Look['onNode'];
  private nRows = { tokens: 0, logits: 0 };
  private disposed = false;

  constructor(graph: Graph, weights: ReadonlyMap<string, Float32Array>, { keep, onNode }: Look = {}) {
    this.graph = graph;
    this.checkStep = stepCheck(graph);
    this.readable = readableValues(graph, keep);
    this.onNode = onNode;
    this.rings = new Rings(graph);
    for (const node of graph.nodes) {
      for (const value of [node.out, ...node.inputs]) {
        if (this.arrays.has(value)) continue;
        const array = value.role === 'weight' ? weights.get(value.name)! : value.data;
        this.arrays.set(value, array ?? allocate(value.name, elementsOf(value)));
      }
    }
  }

  run(step: Step): void {
    checkAlive(this.disposed);
    this.checkStep(step);
    this.rings.step(step);
    this.nRows = { tokens: step.tokens.length, logits: step.nLogits };
    for (const node of this.graph.nodes) {
      if (this.onNode) this.timeNode(node, step, this.onNode);
      else this.runKernel(node, step);
    }
  }

  private timeNode(node: Node, step: Step, onNode: NonNullable<Look['onNode']>): void {
    const startMs = performance.now();
    this.runKernel(node, step);
    onNode({
      nodes: [node],
      kernels: node.op.name,
      ms: performance.now() - startMs,
      read: (value) => this.view(value),
    });
  }

  private runKernel(node: Node, step: Step): void {
    const inputs = node.inputs.map((input) => this.arrays.get(input)!);
    const out = this.arrays.get(node.out)!;
    node.op.reference({ node, step, out, inputs });
    if (node.op === kvStore) checkHeld(node.out, out, step);
  }

  read(value: Value): Float32Array {
    checkReadable(this.readable, value);
    return this.view(value);
  }

  private view(value: Value): Float32Array {
    return this.arrays.get(value)!.subarray(0, this.nRows[value.rows!] * value.shape[1]!);
  }

  readState(state: Value, begin: number, end: number): Uint8Array {
    const { quant } = state;
    const [nPositions, cols] = state.shape as [number, number];
    const rowBytes = bytesFor(quant, cols);
    const rows = new Uint8Array((end - begin) * rowBytes);
    for (let pos = begin; pos < end; pos++) {
      const at = (pos % nPositions) * cols;
      const floats = this.arrays.get(state)!.subarray(at, at + cols);
      quant.quantize!(floats, rows.subarray((pos - begin) * rowBytes, (pos - begin + 1) * rowBytes));
    }
    return rows;
  }

  writeState(state: Value, begin: number, rows: Uint8Array): void {
    const { quant } = state;
    const [nPositions, cols] = state.shape as [number, number];
    const rowBytes = bytesFor(quant, cols);
    const nRows = rows.length / rowBytes;
    for (let row = 0; row < nRows; row++) {
      const at = ((begin + row) % nPositions) * cols;
      quant.dequantize!(
        rows.subarray(row * rowBytes, (row + 1) * rowBytes),
        this.arrays.get(state)!.subarray(at, at + cols),
      );
    }
    this.rings.wrote(state, begin, begin + nRows);
  }

  copyOf(states: readonly Value[]): StateCopy {
    const arrays = states.map((state) => this.arrays.get(state)!);
    const copies = arrays.map((array) => new Float32Array(array.length));
    const rings = this.rings.copyOf(states);
    return {
      take: () => {
        copies.forEach((copy, i) => copy.set(arrays[i]!));
        rings.take();
      },
      restore: () => {
        copies.forEach((copy, i) => arrays[i]!.set(copy));
        rings.restore();
      },
    };
  }

  dispose(): void {
    this.disposed = true;
    this.arrays.clear();
  }
}
