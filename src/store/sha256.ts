/**
 * SHA-256 (FIPS 180-4) of bytes that come in pieces. WebCrypto digests whole buffers only, and a model has no whole buffer.
 */

/** The first 32 bits of the fractions of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
const roundWords = new Int32Array(64);
/** The same of their square roots, of the first eight (5.3.3). */
const firstState = new Int32Array(8);

const fraction = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) | 0;

for (let n = 2, nFound = 0; nFound < 64; n++) {
  let isPrime = true;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrime = false;
  if (!isPrime) continue;
  if (nFound < 8) firstState[nFound] = fraction(Math.sqrt(n));
  roundWords[nFound++] = fraction(Math.cbrt(n));
}

const blockBytes = 64;

export class Sha256 {
  private readonly state = firstState.slice();
  /** What has come of the block that is not whole yet. */
  private readonly rest = new Uint8Array(blockBytes);
  private readonly words = new Int32Array(64);
  /** All bytes that have come. */
  nBytes = 0;

  update(bytes: Uint8Array): this {
    let from = 0;
    const nRest = this.nBytes % blockBytes;
    this.nBytes += bytes.length;
    if (nRest > 0) {
      from = Math.min(blockBytes - nRest, bytes.length);
      this.rest.set(bytes.subarray(0, from), nRest);
      if (nRest + from < blockBytes) return this;
      this.blocks(this.rest, 0, blockBytes);
    }
    const end = bytes.length - ((bytes.length - from) % blockBytes);
    this.blocks(bytes, from, end);
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
    ended.blocks(last, 0, last.length);
    const digest = new DataView(new ArrayBuffer(32));
    ended.state.forEach((word, i) => digest.setInt32(4 * i, word));
    return new Uint8Array(digest.buffer);
  }

  /** Takes whole blocks (6.2.2). */
  private blocks(bytes: Uint8Array, begin: number, end: number): void {
    const { state, words: w } = this;
    const k = roundWords;
    for (let at = begin; at < end; at += blockBytes) {
      for (let i = 0, b = at; i < 16; i++, b += 4)
        w[i] = (bytes[b]! << 24) | (bytes[b + 1]! << 16) | (bytes[b + 2]! << 8) | bytes[b + 3]!;
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15]!;
        const y = w[i - 2]!;
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
      }
      let a = state[0]! | 0;
      let b = state[1]! | 0;
      let c = state[2]! | 0;
      let d = state[3]! | 0;
      let e = state[4]! | 0;
      let f = state[5]! | 0;
      let g = state[6]! | 0;
      let h = state[7]! | 0;
      for (let i = 0; i < 64; i++) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (h + s1 + (g ^ (e & (f ^ g))) + k[i]! + w[i]!) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + t1) | 0;
        d = c;
        c = b;
        b = a;
        a = (t1 + t2) | 0;
      }
      state[0] = state[0]! + a;
      state[1] = state[1]! + b;
      state[2] = state[2]! + c;
      state[3] = state[3]! + d;
      state[4] = state[4]! + e;
      state[5] = state[5]! + f;
      state[6] = state[6]! + g;
      state[7] = state[7]! + h;
    }
  }
}

export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
