// q2_k: 256 weights a block, 8 units u. weight = scale unit * scale * level - min unit * min, level 0..3.
//
//     levelPlane   | byte i, 0..31:  7 6       5 4       3 2       1 0     | the same of units 4..7 | …     64 bytes a block
//                                    unit 3's  unit 2's  unit 1's  unit 0's column i
//     groupPlane   | byte 2 u: of columns 0..15 | byte 2 u + 1: of 16..31 | …     16 bytes a block
//                    7 6 5 4   3 2 1 0
//                    min       scale
//     halfPlane    | scale unit f16 | min unit f16 | …
//
// needs: unit, halves
@group(1) @binding(0) var<storage, read> levelPlane: array<vec4<u32>>;
@group(1) @binding(1) var<storage, read> groupPlane: array<u32>;
@group(1) @binding(2) var<storage, read> halfPlane: array<u32>;

fn unit(index: u32) -> Unit {
  let at = 2u * (index >> 2u);
  let shift = 2u * (index & 3u);
  let units = halves(halfPlane[index >> 3u]);
  let groups = (vec2<u32>(groupPlane[index >> 1u]) >> (vec2<u32>(0u, 8u) + 16u * (index & 1u))) & vec2<u32>(255u);
  let scale = units.x * vec2<f32>(groups & vec2<u32>(15u));
  let min = -units.y * vec2<f32>(groups >> vec2<u32>(4u));
  return Unit(fields(levelPlane[at], shift, 3u), fields(levelPlane[at + 1u], shift, 3u), scale, min);
}
