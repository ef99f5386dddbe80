import type { Tensor } from '../../graph/tensor.ts';
import { checkFinite } from '../../quants/finite.ts';
import type { UploadOptions } from '../backend.ts';
import { matrixShape } from '../matrices.ts';
import { batchesOf, notFiniteIn, stagingBytes, streamBatches, type Batch, type Piece } from '../staging.ts';
import { checkDevice, type Gpu } from './device.ts';
import { areFinite, PIECE_ROWS, takeApart } from './planes.ts';
import { partBytes, planesOf, rowsApart } from './parts.ts';
import type { ProgramHome } from './program.ts';
import type { MatrixPart, Weights } from './weights.ts';

/** Bytes that may be on their way to the device: runtimes keep a copy of each until it has arrived. */
const IN_FLIGHT_BYTES = 32 << 20;

/**
 * Streams weights to the device. File bytes land in one of two staging areas. They are taken apart from there, and handed to the device's
 * queue, while the next batch is read into the other area. The model never lies in JavaScript's memory as a whole.
 * @param tensors weights that `reserve` made buffers for.
 */
export async function uploadWeights(home: ProgramHome, tensors: readonly Tensor[], options: UploadOptions) {
  const { weights, gpu } = home;
  const batches = batchesOf(tensors, PIECE_ROWS);
  const areas = [0, 1].map(() => new Uint8Array(stagingBytes(batches)));
  const placer = new Placer(gpu, weights);
  const staged = (area: number, begin: number, bytes: number) => areas[area]!.subarray(begin, begin + bytes);
  await streamBatches({ batches, staged, place: (batch, area) => placer.place(batch, areas[area]!) }, options);
  await placer.done();
}

/** Brings batches from a staging area to the device. */
class Placer {
  private readonly gpu: Gpu;
  private readonly queue: GPUQueue;
  private readonly weights: Weights;
  /** What a piece becomes on its way; as large as the largest so far. */
  private scratch = new ArrayBuffer(0);
  private readonly inFlight: { readonly bytes: number; readonly arrived: Promise<unknown> }[] = [];

  constructor(gpu: Gpu, weights: Weights) {
    this.gpu = gpu;
    this.queue = gpu.device.queue;
    this.weights = weights;
  }

  async place({ pieces, bytes }: Batch, area: Uint8Array): Promise<void> {
    for (const piece of pieces) {
      const file = area.subarray(piece.stagedAt, piece.stagedAt + piece.bytes);
      if (this.weights.isPlain(piece.tensor)) this.placeFloats(piece, file);
      else this.placeRows(piece, file);
    }
    this.queue.submit([]);
    this.inFlight.push({ bytes, arrived: this.queue.onSubmittedWorkDone().catch(() => undefined) }); // checkDevice tells
    await this.waitUntilAtMost(IN_FLIGHT_BYTES);
  }

  done(): Promise<void> {
    return this.waitUntilAtMost(0);
  }

  private async waitUntilAtMost(bytes: number): Promise<void> {
    let flying = this.inFlight.reduce((total, each) => total + each.bytes, 0);
    while (flying > bytes) {
      const first = this.inFlight.shift()!;
      await first.arrived;
      flying -= first.bytes;
    }
    checkDevice(this.gpu); // a file that nobody takes any more need not be read to its end
  }

  private room(bytes: number): ArrayBuffer {
    if (this.scratch.byteLength < bytes) this.scratch = new ArrayBuffer(bytes);
    return this.scratch;
  }

  private placeFloats({ tensor, matrix, rowBegin, rowEnd }: Piece, file: Uint8Array): void {
    const { rows, cols } = matrixShape(tensor);
    const n = (rowEnd - rowBegin) * cols;
    const floats = new Float32Array(this.room(n * 4), 0, n);
    tensor.quant.dequantize!(file, floats);
    checkFinite(tensor.name, floats);
    this.queue.writeBuffer(this.weights.vector(tensor.name), (matrix * rows + rowBegin) * cols * 4, floats);
  }

  private placeRows(piece: Piece, file: Uint8Array): void {
    const { tensor, matrix } = piece;
    const first = matrix * rowsApart(tensor);
    const [rowBegin, rowEnd] = [first + piece.rowBegin, first + piece.rowEnd];
    if (!areFinite(tensor.quant, file)) throw notFiniteIn(piece);
    const rowBytes = file.length / (rowEnd - rowBegin);
    for (const part of this.weights.parts(tensor.name)) {
      const [begin, end] = [Math.max(rowBegin, part.rowBegin), Math.min(rowEnd, part.rowEnd)];
      if (begin >= end) continue;
      this.writeRows(tensor, file.subarray((begin - rowBegin) * rowBytes, (end - rowBegin) * rowBytes), {
        part,
        at: begin - part.rowBegin,
        nRows: end - begin,
      });
    }
  }

  private writeRows(tensor: Tensor, file: Uint8Array, to: { part: MatrixPart; at: number; nRows: number }): void {
    const { part, at, nRows } = to;
    const scratch = this.room(partBytes(tensor, nRows));
    const places = planesOf(tensor, nRows);
    const planes = places.map(({ offset, size }) => new Uint8Array(scratch, offset, size));
    takeApart(tensor.quant, matrixShape(tensor).cols, file, planes);
    for (const [p, { offset, rowBytes }] of planesOf(tensor, part.nRows).entries()) {
      this.queue.writeBuffer(part.buffer, offset + (part.firstRow + at) * rowBytes, planes[p]!);
    }
  }
}
