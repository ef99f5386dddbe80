// q4_1: 32 weights a block. weight = scale * level + min, level 0..15.
//
//     levelPlane   | byte j, 0..15:  7 6 5 4        3 2 1 0 | …     16 bytes a block
//                                    level j + 16 | level j
//     scalePlane   | scale f16 | min f16 | …
//
// needs: unit, halves
@group(1) @binding(0) var<storage, read> levelPlane: array<vec4<u32>>;
@group(1) @binding(1) var<storage, read> scalePlane: array<u32>;

fn unit(index: u32) -> Unit {
  let levels = levelPlane[index];
  let numbers = halves(scalePlane[index]);
  return Unit(fields(levels, 0u, 15u), fields(levels, 4u, 15u), numbers.xx, numbers.yy);
}
