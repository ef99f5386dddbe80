/**
 * SHA-256 (FIPS 180-4) of bytes that come in pieces. WebCrypto digests whole buffers only, and a model has no whole buffer.
 */
import { blocksOfWasm, BYTES_AT, firstState, MOST_BYTES } from './sha256_wasm.ts';

const blockBytes = 64;

export class Sha256 {
  private readonly state = firstState.slice();
  /** What has come of the block that is not whole yet. */
  private readonly rest = new Uint8Array(blockBytes);
  /** All bytes that have come. */
  private nBytes = 0;

  update(bytes: Uint8Array): this {
    let from = 0;
    const nRest = this.nBytes % blockBytes;
    this.nBytes += bytes.length;
    if (nRest > 0) {
      from = Math.min(blockBytes - nRest, bytes.length);
      this.rest.set(bytes.subarray(0, from), nRest);
      if (nRest + from < blockBytes) return this;
      this.blocks(this.rest);
    }
    const end = bytes.length - ((bytes.length - from) % blockBytes);
    this.blocks(bytes.subarray(from, end));
    this.rest.set(bytes.subarray(end));
    return this;
  }

  /** The same so far; what comes next to one is nothing to the other. */
  copy(): Sha256 {
    const other = new Sha256();
    other.state.set(this.state);
    other.rest.set(this.rest);
    other.nBytes = this.nBytes;
    return other;
  }

  /** The digest of what has come so far, in 64 hexadecimal digits; more may come. */
  hex(): string {
    return hexOf(this.digest());
  }

  digest(): Uint8Array {
    const nRest = this.nBytes % blockBytes;
    const last = new Uint8Array(nRest < blockBytes - 8 ? blockBytes : 2 * blockBytes);
    last.set(this.rest.subarray(0, nRest));
    last[nRest] = 0x80;
    const view = new DataView(last.buffer);
    view.setUint32(last.length - 8, Math.floor(this.nBytes / 2 ** 29));
    view.setUint32(last.length - 4, (this.nBytes % 2 ** 29) * 8);
    const ended = new Sha256();
    ended.state.set(this.state);
    ended.blocks(last);
    const digest = new DataView(new ArrayBuffer(32));
    ended.state.forEach((word, i) => digest.setInt32(4 * i, word));
    return new Uint8Array(digest.buffer);
  }

  /** Takes whole blocks. */
  private blocks(bytes: Uint8Array): void {
    const { memory, blocks } = blocksOfWasm();
    const state = new Int32Array(memory.buffer, 0, firstState.length);
    const into = new Uint8Array(memory.buffer, BYTES_AT);
    state.set(this.state);
    for (let at = 0; at < bytes.length; at += MOST_BYTES) {
      const piece = bytes.subarray(at, at + MOST_BYTES);
      into.set(piece);
      blocks(0, piece.length);
    }
    this.state.set(state);
  }
}

export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
