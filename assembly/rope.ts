import { Record } from './lib/record';

@unmanaged
class RopeRecord extends Record {
  out: usize; // [nRows, cols]
  x: usize; // [nRows, cols]
  angles: usize; // [nRows, ropeDim]: cosines of every pair, then sines, by rope_angles
  cols: u32;
  ropeDim: u32;
  headDim: u32;
  neox: u32;
}

/** Turns the pairs of each head by the row's angles; an item is a row. */
export function rope(record: RopeRecord, begin: u32, end: u32): void {
  const rowBytes = record.cols << 2;
  const headBytes = record.headDim << 2;
  const ropeBytes = record.ropeDim << 2;
  for (let row = begin; row < end; row++) {
    const cos = record.angles + row * ropeBytes;
    for (let head: usize = row * rowBytes; head < (row + 1) * rowBytes; head += headBytes) {
      if (record.neox) turnHalves(record.out + head, record.x + head, cos, ropeBytes >> 1);
      else turnNeighbours(record.out + head, record.x + head, cos, ropeBytes >> 1);
      memory.copy(record.out + head + ropeBytes, record.x + head + ropeBytes, headBytes - ropeBytes);
    }
  }
}

/** Pairs (i, half + i): the two members lie `halfBytes` apart, like a pair's cosine and sine. */
function turnHalves(out: usize, x: usize, cos: usize, halfBytes: usize): void {
  const sin = cos + halfBytes;
  let i: usize = 0;
  for (; i + 16 <= halfBytes; i += 16) {
    const a = v128.load(x + i);
    const b = v128.load(x + i + halfBytes);
    const c = v128.load(cos + i);
    const s = v128.load(sin + i);
    v128.store(out + i, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
    v128.store(out + i + halfBytes, f32x4.add(f32x4.mul(a, s), f32x4.mul(b, c)));
  }
  for (; i < halfBytes; i += 4) turn(out + i, x + i, halfBytes, load<f32>(cos + i), load<f32>(sin + i));
}

/** Pairs (2 i, 2 i + 1): four pairs are two vectors, taken apart into even and odd lanes and put together again. */
function turnNeighbours(out: usize, x: usize, cos: usize, halfBytes: usize): void {
  const sin = cos + halfBytes;
  let i: usize = 0;
  for (; i + 16 <= halfBytes; i += 16) {
    const low = v128.load(x + 2 * i);
    const high = v128.load(x + 2 * i, 16);
    const a = v128.shuffle<f32>(low, high, 0, 2, 4, 6);
    const b = v128.shuffle<f32>(low, high, 1, 3, 5, 7);
    const c = v128.load(cos + i);
    const s = v128.load(sin + i);
    const turnedA = f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s));
    const turnedB = f32x4.add(f32x4.mul(a, s), f32x4.mul(b, c));
    v128.store(out + 2 * i, v128.shuffle<f32>(turnedA, turnedB, 0, 4, 1, 5));
    v128.store(out + 2 * i, v128.shuffle<f32>(turnedA, turnedB, 2, 6, 3, 7), 16);
  }
  for (; i < halfBytes; i += 4) turn(out + 2 * i, x + 2 * i, 4, load<f32>(cos + i), load<f32>(sin + i));
}

/** One pair whose members lie `apart` bytes apart. */
function turn(out: usize, x: usize, apart: usize, c: f32, s: f32): void {
  const a = load<f32>(x);
  const b = load<f32>(x + apart);
  store<f32>(out, a * c - b * s);
  store<f32>(out + apart, a * s + b * c);
}
