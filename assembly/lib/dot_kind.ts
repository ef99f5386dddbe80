/**
 * How the machine's relaxed dot product takes a second operand outside 0 … 127. The host probes once and tells every instance
 * before it packs weights; the choice never changes a result. First operands are digits, -127 … 127.
 */
export const BROKEN: u32 = 0; // not even right inside 0 … 127: use the plain build
export const SEVEN_BIT: u32 = 1; // right for 0 … 128, saturates beyond: pmaddubsw; the plain build is faster there
export const UNSIGNED: u32 = 2; // right for 0 … 255: vpdpbusd
export const SIGNED: u32 = 3; // right for -128 … 127: sdot, smull

let kind: u32 = ASC_FEATURE_RELAXED_SIMD ? BROKEN : SIGNED;

export function set_dot_kind(to: u32): void {
  kind = to;
}

export function dotKind(): u32 {
  return kind;
}

/** Asks the machine by known answers; some engines' baseline compilers lose the accumulator and double the product. */
export function probe_dot(): u32 {
  if (!ASC_FEATURE_RELAXED_SIMD) return SIGNED;
  if (!(right(127, 127) && right(-127, 127) && right(-127, 1))) return BROKEN;
  if (right(127, 255) && right(-127, 255)) return UNSIGNED;
  if (right(127, -128) && right(-127, -128)) return SIGNED;
  return right(127, 128) && right(-127, 128) ? SEVEN_BIT : BROKEN;
}

function right(a: i32, b: i32): bool {
  const start = i32x4(1000, -1000, 1 << 30, 0);
  const expected = i32x4.add(start, i32x4.splat(4 * a * b));
  const came = i32x4.relaxed_dot_i8x16_i7x16_add_s(i8x16.splat(<i8>a), i8x16.splat(<i8>b), start);
  return i8x16.all_true(i8x16.eq(came, expected));
}
