// The 16 low bits of a number, each in a byte of its own: bit 4 * w + b goes to byte b of word w.
//
//     a nibble        b3 b2 b1 b0
//     times 0x204081  is shifted by 0, 7, 14 and 21, so bit i of shift 7 * i is at 8 * i
const FOUR_SHIFTS = 0x00204081u;
const BYTE_LOW_BIT = 0x01010101u;

fn spreadBits(bits: u32) -> vec4<u32> {
  let nibbles = (vec4<u32>(bits) >> vec4<u32>(0u, 4u, 8u, 12u)) & vec4<u32>(15u);
  return (nibbles * FOUR_SHIFTS) & vec4<u32>(BYTE_LOW_BIT);
}
