// Numbers of 16 bits, IEEE 754 halves, as f32.
//
//     bit    15   14 … 10   9 … 0
//            sign exponent  mantissa
//
// unpack2x16float may make subnormal halves zero, and every scale unit of a Q6_K matrix is one (SmolLM2-135M, Gemma 3 270M). So the bits are
// moved to where an f32 has them, and a subnormal half borrows an exponent, which a subtraction gives back.
const EXPONENTS_APART = 0x38000000u; // 127 - 15, where an f32 has its exponent
const BORROWED = 0x38800000u; // bits of 2^-14, the exponent of subnormal halves

// The lower and the upper half of a word.
fn halves(word: u32) -> vec2<f32> {
  let bits = vec2<u32>(word << 16u, word & 0xffff0000u);
  let magnitude = (bits & vec2<u32>(0x7fff0000u)) >> vec2<u32>(3u);
  let normal = bitcast<vec2<f32>>(magnitude + vec2<u32>(EXPONENTS_APART));
  let subnormal = bitcast<vec2<f32>>(magnitude + vec2<u32>(BORROWED)) - bitcast<vec2<f32>>(vec2<u32>(BORROWED));
  let number = select(normal, subnormal, magnitude < vec2<u32>(0x00800000u));
  return bitcast<vec2<f32>>(bitcast<vec2<u32>>(number) | (bits & vec2<u32>(0x80000000u)));
}

// Half `index` of a row of them, two in a word; `word` is the one that has it.
fn half(word: u32, index: u32) -> f32 {
  let both = halves(word);
  return select(both.x, both.y, (index & 1u) == 1u);
}
