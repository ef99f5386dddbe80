// q6_k: 256 weights a block, 8 units u. weight = scale unit * scale * (level - 32), level 0..63, scale -128..127.
//
//     lowPlane     | byte i, 0..31:  7 6 5 4            3 2 1 0         | of units 3 and 1 | of 6 and 4 | of 7 and 5 | …     128 bytes a block
//                                    unit 2's i & 15  | unit 0's i & 15
//     highPlane    | byte i, 0..31:  7 6       5 4       3 2       1 0     | the same of units 4..7 | …     64 bytes a block
//                                    unit 3's  unit 2's  unit 1's  unit 0's column i, bits 5 4
//     groupPlane   | scale of columns 0..15 of unit 0, i8 | of 16..31 | of unit 1 … | …     16 bytes a block
//     halfPlane    | scale unit f16 | …
//
// needs: unit, halves
@group(1) @binding(0) var<storage, read> lowPlane: array<vec4<u32>>;
@group(1) @binding(1) var<storage, read> highPlane: array<vec4<u32>>;
@group(1) @binding(2) var<storage, read> groupPlane: array<u32>;
@group(1) @binding(3) var<storage, read> halfPlane: array<u32>;

fn unit(index: u32) -> Unit {
  let block = index >> 3u;
  let lowAt = 4u * (index >> 2u) + 2u * (index & 1u);
  let lowShift = 4u * ((index >> 1u) & 1u);
  let highAt = 2u * (index >> 2u);
  let highShift = 2u * (index & 3u);
  let low = fields(lowPlane[lowAt], lowShift, 15u) | (fields(highPlane[highAt], highShift, 3u) << vec4<u32>(4u));
  let high = fields(lowPlane[lowAt + 1u], lowShift, 15u) | (fields(highPlane[highAt + 1u], highShift, 3u) << vec4<u32>(4u));
  let groups = vec2<i32>(i32(groupPlane[index >> 1u] >> (16u * (index & 1u)))) << vec2<u32>(24u, 16u);
  let scale = half(halfPlane[block >> 1u], block) * vec2<f32>(groups >> vec2<u32>(24u));
  return Unit(low, high, scale, -32.0 * scale);
}
