// q4_k: 256 weights a block, 8 units. weight = scale unit * scale * level - min unit * min, level 0..15.
//
//     levelPlane   | byte i, 0..31:  7 6 5 4       3 2 1 0    | the same of units 2 and 3 | 4 and 5 | 6 and 7 | …     128 bytes a block
//                                    unit 1's i  | unit 0's i
//     headPlane    | units, scales and mins, see lib/super_block.wgsl | …     16 bytes a block
//
// needs: unit, halves, super_block
@group(1) @binding(0) var<storage, read> levelPlane: array<vec4<u32>>;
@group(1) @binding(1) var<storage, read> headPlane: array<vec4<u32>>;

fn unit(index: u32) -> Unit {
  let at = 2u * (index >> 1u);
  let shift = 4u * (index & 1u);
  let numbers = superBlock(headPlane[index >> 3u], index & 7u);
  return Unit(fields(levelPlane[at], shift, 15u), fields(levelPlane[at + 1u], shift, 15u), numbers.xx, -numbers.yy);
}
