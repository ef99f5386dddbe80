import { orAborted } from '../../../base/signals.ts';
import type { Tensor } from '../../../graph/tensor.ts';
import type { Batch } from '../../staging.ts';
import { stepWords } from '../words.ts';
import { placeBatch, type UploadTarget } from '../upload.ts';
import type { RowsPlace } from './paging.ts';

/** Reads a tensor's bytes. */
type ReadInto = (tensor: Tensor, offsetBytes: number, into: Uint8Array) => Promise<void>;

/**
 * The rows of a token table that a step wants, as a table of their own. It is packed as the whole would be, so the kernel makes the same numbers
 * of it; it gets a step whose tokens are 0, 1, 2 … in place of the real one.
 */
export class TokenRows {
  private readonly host: UploadTarget;
  private readonly place: RowsPlace;
  private readonly read: ReadInto;
  private reading: Promise<unknown> = Promise.resolve();

  constructor(host: UploadTarget, place: RowsPlace, read: ReadInto) {
    this.host = host;
    this.place = place;
    this.read = read;
  }

  private addressOf(offset: number): number {
    return this.host.plan.paged.begin + offset;
  }

  /** Where the kernel finds the table, and the step. */
  get addresses(): { readonly table: number; readonly step: number } {
    const { packedAt, stepAt } = this.place;
    return { table: this.addressOf(packedAt), step: this.addressOf(stepAt) };
  }

  /** @throws what reading throws, the signal's reason */
  async bring(tokens: Int32Array, signal: AbortSignal | undefined): Promise<void> {
    const { host, place, read } = this;
    const { table, rowBytes, rawAt, packedAt, stepAt } = place;
    await this.reading; // of a step that was stopped: it would write over these
    const raw = host.heap.bytes(this.addressOf(rawAt), tokens.length * rowBytes);
    const readRow = (token: number, t: number) =>
      read(table, token * rowBytes, raw.subarray(t * rowBytes, (t + 1) * rowBytes));
    const reading = Promise.allSettled(Array.from(tokens, readRow));
    this.reading = reading;
    const results = await (signal ? orAborted(reading, signal) : reading);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    const ids = this.addressOf(stepAt) / 4 + stepWords.length;
    for (let t = 0; t < tokens.length; t++) host.heap.ints[ids + t] = t;
    const rowEnd = tokens.length;
    const piece = { tensor: table, matrix: 0, rowBegin: 0, rowEnd, offsetBytes: 0, bytes: raw.length, stagedAt: 0 };
    const batch: Batch = { pieces: [piece], bytes: raw.length };
    const cols = table.shape[1]!;
    const whole = {
      isPacked: true,
      isStack: false,
      table: undefined,
      nMatrices: 1,
      rows: rowEnd,
      cols,
      matrixBytes: 0,
      bytes: 0,
    };
    await placeBatch(host, batch, this.addressOf(rawAt), () => ({ ...whole, begin: this.addressOf(packedAt) }));
  }
}
