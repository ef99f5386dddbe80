// q5_k: 256 weights a block, 8 units u. weight = scale unit * scale * level - min unit * min, level 0..31.
//
//     levelPlane   | byte i, 0..31:  7 6 5 4            3 2 1 0         | the same of units 2 and 3 | 4 and 5 | 6 and 7 | …     128 bytes a block
//                                    unit 1's i & 15  | unit 0's i & 15
//     fifthPlane   | byte i, 0..31, bit u: bit 4 of unit u's column i | …     32 bytes a block
//     headPlane    | units, scales and mins, see lib/super_block.wgsl | …     16 bytes a block
//
// needs: unit, halves, super_block
@group(1) @binding(0) var<storage, read> levelPlane: array<vec4<u32>>;
@group(1) @binding(1) var<storage, read> fifthPlane: array<vec4<u32>>;
@group(1) @binding(2) var<storage, read> headPlane: array<vec4<u32>>;

fn unit(index: u32) -> Unit {
  let block = index >> 3u;
  let u = index & 7u;
  let at = 2u * (index >> 1u);
  let shift = 4u * (index & 1u);
  let low = fields(levelPlane[at], shift, 15u) | (fields(fifthPlane[2u * block], u, 1u) << vec4<u32>(4u));
  let high = fields(levelPlane[at + 1u], shift, 15u) | (fields(fifthPlane[2u * block + 1u], u, 1u) << vec4<u32>(4u));
  let numbers = superBlock(headPlane[block], u);
  return Unit(low, high, numbers.xx, -numbers.yy);
}
