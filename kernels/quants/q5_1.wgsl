// q5_1: 32 weights a block. weight = scale * level + min, level 0..31.
//
//     levelPlane   | byte j, 0..15:  7 6 5 4             3 2 1 0 | …     16 bytes a block
//                                    level j + 16 & 15 | level j & 15
//     fifthPlane   | u32, bit j: bit 4 of level j, 0..31 | …
//     scalePlane   | scale f16 | min f16 | …
//
// needs: unit, halves, bits
@group(1) @binding(0) var<storage, read> levelPlane: array<vec4<u32>>;
@group(1) @binding(1) var<storage, read> fifthPlane: array<u32>;
@group(1) @binding(2) var<storage, read> scalePlane: array<u32>;

fn unit(index: u32) -> Unit {
  let levels = levelPlane[index];
  let fifth = fifthPlane[index];
  let low = fields(levels, 0u, 15u) | (spreadBits(fifth) << vec4<u32>(4u));
  let high = fields(levels, 4u, 15u) | (spreadBits(fifth >> 16u) << vec4<u32>(4u));
  let numbers = halves(scalePlane[index]);
  return Unit(low, high, numbers.xx, numbers.yy);
}
