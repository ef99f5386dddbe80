// The half nearest to a number, ties to even, as 16 bits; from 65520 on it is infinity. pack2x16float may round either way.
fn halfOf(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let sign = (bits >> 16u) & 0x8000u;
  let magnitude = bits & 0x7fffffffu;
  if (magnitude >= 0x477ff000u) { // half-way between the largest half and the next power of 2
    return sign | select(0x7c00u, 0x7e00u, magnitude > 0x7f800000u);
  }
  if (magnitude < 0x38800000u) { // below 2^-14 a half counts in units of 2^-24
    return sign | u32(round(bitcast<f32>(magnitude) * 16777216.0));
  }
  // 13 bits of the mantissa go. A carry runs into the exponent, which is what rounding up to the next power of 2 means.
  let rounded = magnitude + 0xfffu + ((magnitude >> 13u) & 1u);
  return sign | ((rounded >> 13u) - (112u << 10u));
}
