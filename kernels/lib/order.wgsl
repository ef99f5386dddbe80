// A float's bits as a whole number of the same order. Floats themselves may be compared as if there were no NaN; here NaN comes before all
// numbers, so that it is found. 0 is the order of no number.

fn orderOf(bits: u32) -> u32 {
  let size = bits & 0x7fffffffu;
  if (size > 0x7f800000u) {
    return 0xffffffffu; // NaN
  }
  if (size == 0u) {
    return 0x80000000u; // 0 and -0 are equal
  }
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}
