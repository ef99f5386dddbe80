// mxfp4: 32 weights a block. weight = 2^(exponent - 128) * values[level]. A level is a float of four bits (sign, 2 bits of exponent,
// 1 of fraction), a value is twice what it stands for: 0 1 2 3 4 6 8 12, then the same below zero.
//
//     levelPlane      | byte j, 0..15:  7 6 5 4        3 2 1 0 | …     16 bytes a block
//                                       level j + 16 | level j
//     exponentPlane   | exponent u8 | …
//
// needs: unit, values16
@group(1) @binding(0) var<storage, read> levelPlane: array<vec4<u32>>;
@group(1) @binding(1) var<storage, read> exponentPlane: array<u32>;

const MXFP4_VALUES = vec4<u32>(0x03020100u, 0x0c080604u, 0xfdfeff00u, 0xf4f8fafcu);

fn unit(index: u32) -> Unit {
  let levels = levelPlane[index];
  let exponent = (exponentPlane[index >> 2u] >> (8u * (index & 3u))) & 255u;
  // an f32 has this exponent plus 127; powers of two below 2^-126 become zero, as subnormal numbers may
  let scale = vec2<f32>(bitcast<f32>((max(exponent, 1u) - 1u) << 23u));
  let low = lookedUp(fields(levels, 0u, 15u), MXFP4_VALUES);
  let high = lookedUp(fields(levels, 4u, 15u), MXFP4_VALUES);
  return Unit(low, high, scale, vec2<f32>(0.0));
}
