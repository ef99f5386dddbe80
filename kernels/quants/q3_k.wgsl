// q3_k: 256 weights a block, 8 units u. weight = scale unit * (scale - 32) * (level - 4), level 0..7, scale 0..63.
//
//     lowPlane     | byte i, 0..31:  7 6       5 4       3 2       1 0     | the same of units 4..7 | …     64 bytes a block
//                                    unit 3's  unit 2's  unit 1's  unit 0's column i, low two bits
//     thirdPlane   | byte i, 0..31, bit u: bit 2 of unit u's column i | …     32 bytes a block
//     groupPlane   | 16 scales of 6 bits | …     12 bytes a block; scale 2 u is that of columns 0..15, 2 u + 1 that of 16..31
//         byte j, 0..7       7 6 5 4            3 2 1 0
//                            scale j + 8 & 15 | scale j & 15
//         byte 8 + j, 0..3   7 6      5 4     3 2     1 0
//                            j + 12 | j + 8 | j + 4 | j: bits 5 4 of the scale
//     halfPlane    | scale unit f16 | …
//
// needs: unit, halves
@group(1) @binding(0) var<storage, read> lowPlane: array<vec4<u32>>;
@group(1) @binding(1) var<storage, read> thirdPlane: array<vec4<u32>>;
@group(1) @binding(2) var<storage, read> groupPlane: array<u32>;
@group(1) @binding(3) var<storage, read> halfPlane: array<u32>;

fn scales(block: u32, u: u32) -> vec2<f32> {
  let two = vec2<u32>(0u, 8u) + 16u * (u & 1u);
  let low = (vec2<u32>(groupPlane[3u * block + ((u >> 1u) & 1u)]) >> (two + 4u * (u >> 2u))) & vec2<u32>(15u);
  let high = (vec2<u32>(groupPlane[3u * block + 2u]) >> (two + 2u * (u >> 1u))) & vec2<u32>(3u);
  return vec2<f32>(low | (high << vec2<u32>(4u))) - 32.0;
}

fn unit(index: u32) -> Unit {
  let block = index >> 3u;
  let u = index & 7u;
  let at = 2u * (index >> 2u);
  let shift = 2u * (index & 3u);
  let low = fields(lowPlane[at], shift, 3u) | (fields(thirdPlane[2u * block], u, 1u) << vec4<u32>(2u));
  let high = fields(lowPlane[at + 1u], shift, 3u) | (fields(thirdPlane[2u * block + 1u], u, 1u) << vec4<u32>(2u));
  let scale = half(halfPlane[block >> 1u], block) * scales(block, u);
  return Unit(low, high, scale, -4.0 * scale);
}
