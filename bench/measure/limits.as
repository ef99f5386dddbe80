/*
 * What this machine can do at most inside WebAssembly, for `bench ops` to measure kernels against. AssemblyScript, compiled twice
 * like the kernels themselves. Every function works on memory of its own, from `at`, and returns something so that no
 * compiler throws the work away.
 */

/** Reads `bytes`, a multiple of 256, as four streams. */
export function read(at: usize, bytes: usize): i32 {
  const quarter = bytes / 4;
  let a = i64x2.splat(0);
  let b = a;
  let c = a;
  let d = a;
  for (let p = at, end = at + quarter; p < end; p += 64) {
    a = sweep(a, p);
    b = sweep(b, p + quarter);
    c = sweep(c, p + 2 * quarter);
    d = sweep(d, p + 3 * quarter);
  }
  return i32x4.extract_lane(v128.xor(v128.xor(a, b), v128.xor(c, d)), 0);
}

// @ts-ignore: decorator
@inline
function sweep(sum: v128, p: usize): v128 {
  const low = v128.xor(v128.load(p), v128.load(p, 16));
  return v128.xor(sum, v128.xor(low, v128.xor(v128.load(p, 32), v128.load(p, 48))));
}

/** Copies `bytes` to the `bytes` behind them, `loops` times: what ops between cached activations can reach. */
export function copy(at: usize, bytes: usize, loops: u32): i32 {
  for (; loops > 0; loops--) {
    for (let p = at, end = at + bytes; p < end; p += 64) {
      const a = v128.load(p);
      const b = v128.load(p, 16);
      const c = v128.load(p, 32);
      const d = v128.load(p, 48);
      v128.store(p + bytes, a);
      v128.store(p + bytes, b, 16);
      v128.store(p + bytes, c, 32);
      v128.store(p + bytes, d, 48);
    }
  }
  return load<i32>(at);
}

/** Bytes of weights in a loop of multiply-adds; with the activations behind them all of it stays in the L1 cache. */
const CHUNK: usize = 1024;

/** Multiply-adds of one loop of `dot`. */
export function dot_macs(): u32 {
  return 5 * <u32>CHUNK;
}

/** Integer dot products: what the build's own instruction can do. */
export function dot(at: usize, loops: u32): i32 {
  return integers<i8>(at, loops);
}

/** Multiply-adds of one loop of `dot16`. */
export function dot16_macs(): u32 {
  return 5 * <u32>(CHUNK / 2);
}

/** The same of weights that have 16 bits, in either build. */
export function dot16(at: usize, loops: u32): i32 {
  return integers<i16>(at, loops);
}

/**
 * A tile of 2 weight registers × 5 activation registers. Its ten sums keep two units busy where a dot product takes five cycles (Intel;
 * eight sums reached 91 of 114 GMAC/s there).
 */
function integers<T>(at: usize, loops: u32): i32 {
  const width: usize = sizeof<T>() == 1 && !ASC_FEATURE_RELAXED_SIMD ? 8 : 16; // of a register of weights; 8 bytes are widened
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  let s8 = s0;
  let s9 = s0;
  for (; loops > 0; loops--) {
    for (let p = at, end = at + CHUNK; p < end; p += 2 * width) {
      const w0 = weights<T>(p);
      const w1 = weights<T>(p + width);
      const x0 = v128.load(p, 2 * CHUNK);
      s0 = dotAdd<T>(w0, x0, s0);
      s1 = dotAdd<T>(w1, x0, s1);
      const x1 = v128.load(p, 4 * CHUNK);
      s2 = dotAdd<T>(w0, x1, s2);
      s3 = dotAdd<T>(w1, x1, s3);
      const x2 = v128.load(p, 6 * CHUNK);
      s4 = dotAdd<T>(w0, x2, s4);
      s5 = dotAdd<T>(w1, x2, s5);
      const x3 = v128.load(p, 8 * CHUNK);
      s6 = dotAdd<T>(w0, x3, s6);
      s7 = dotAdd<T>(w1, x3, s7);
      const x4 = v128.load(p, 10 * CHUNK);
      s8 = dotAdd<T>(w0, x4, s8);
      s9 = dotAdd<T>(w1, x4, s9);
    }
  }
  const low = i32x4.add(i32x4.add(s0, s1), i32x4.add(s2, s3));
  const high = i32x4.add(i32x4.add(s4, s5), i32x4.add(s6, s7));
  return i32x4.extract_lane(i32x4.add(i32x4.add(low, high), i32x4.add(s8, s9)), 0);
}

// @ts-ignore: decorator
@inline
function weights<T>(p: usize): v128 {
  return sizeof<T>() == 1 && !ASC_FEATURE_RELAXED_SIMD ? v128.load_ext<i8>(p) : v128.load(p);
}

// @ts-ignore: decorator
@inline
function dotAdd<T>(w: v128, x: v128, sum: v128): v128 {
  if (sizeof<T>() == 1 && ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(x, w, sum);
  return i32x4.add(sum, i32x4.dot_i16x8_s(w, x));
}

/** Multiply-adds of one loop of `f32`. */
export function f32_macs(): u32 {
  return 2 * <u32>(CHUNK / 4);
}

/** A tile of 4 × 2 in floats, without fused multiply-adds. */
export function f32_dot(at: usize, loops: u32): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (; loops > 0; loops--) {
    for (let p = at, end = at + CHUNK; p < end; p += 64) {
      const w0 = v128.load(p);
      const w1 = v128.load(p, 16);
      const w2 = v128.load(p, 32);
      const w3 = v128.load(p, 48);
      const x0 = v128.load(p, 2 * CHUNK);
      s0 = f32x4.add(s0, f32x4.mul(w0, x0));
      s1 = f32x4.add(s1, f32x4.mul(w1, x0));
      s2 = f32x4.add(s2, f32x4.mul(w2, x0));
      s3 = f32x4.add(s3, f32x4.mul(w3, x0));
      const x1 = v128.load(p, 4 * CHUNK);
      s4 = f32x4.add(s4, f32x4.mul(w0, x1));
      s5 = f32x4.add(s5, f32x4.mul(w1, x1));
      s6 = f32x4.add(s6, f32x4.mul(w2, x1));
      s7 = f32x4.add(s7, f32x4.mul(w3, x1));
    }
  }
  const low = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  return f32x4.extract_lane(f32x4.add(low, f32x4.add(f32x4.add(s4, s5), f32x4.add(s6, s7))), 0);
}
