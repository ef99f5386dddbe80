// Rotary embedding on the way: what rope makes of four columns of a head, where numbers are taken. Which columns are a pair:
//
//     neox 0    (0, 1) (2, 3) ...                      within four columns
//     neox 1    (0, half) (1, half + 1) ...            of fours that are half of ropeDim apart
//
// Kernels declare `angles[rows, ropeDim]`: the cosines of a row's pairs, then the sines.

// 0: nothing is turned.
override ropeDim: u32;
override neox: u32;

// The four that these columns are paired with.
fn partnerOf(four: u32) -> u32 {
  let half = ropeDim / 8u;
  if (neox == 0u || four >= 2u * half) {
    return four;
  }
  return select(four + half, four - half, four >= half);
}

// The `four`-th four columns of a head.
fn turned(own: vec4<f32>, partner: vec4<f32>, four: u32, row: u32) -> vec4<f32> {
  if (4u * four >= ropeDim) {
    return own;
  }
  let half = max(ropeDim / 2u, 1u); // where nothing is turned, Firefox refuses a remainder of 0
  let first = row * ropeDim + select(2u * four, 4u * four % half, neox == 1u);
  let apart = select(0u, 2u, neox == 1u);
  let cosines = anglesFrom(first, apart);
  let sines = anglesFrom(first + half, apart);
  if (neox == 0u) {
    return own * cosines.xxyy + own.yxwz * sines.xxyy * vec4<f32>(-1.0, 1.0, -1.0, 1.0);
  }
  return own * cosines + partner * sines * select(1.0, -1.0, 4u * four < half);
}

fn anglesFrom(first: u32, apart: u32) -> vec4<f32> {
  return vec4<f32>(angles[first], angles[first + 1u], angles[first + apart], angles[first + apart + 1u]);
}
