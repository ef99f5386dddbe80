import { describe, expect, it } from 'vitest';
import { bf16ToFloat, floatToBf16, floatToHalf, halfToFloat, readHalf, writeHalf } from '../../src/base/half.ts';

/** IEEE 754's own words, in arithmetic: sign, 5 bits of exponent (bias 15), 10 of mantissa. */
function halfByDefinition(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const mantissa = h & 1023;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

function bf16ByDefinition(b: number): number {
  const sign = b & 0x8000 ? -1 : 1;
  const exponent = (b >> 7) & 255;
  const mantissa = b & 127;
  if (exponent === 255) return mantissa === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * mantissa * 2 ** -133;
  return sign * (1 + mantissa / 128) * 2 ** (exponent - 127);
}

const formats = [
  { name: 'f16', decode: halfToFloat, encode: floatToHalf, definition: halfByDefinition, infinity: 0x7c00 },
  { name: 'bf16', decode: bf16ToFloat, encode: floatToBf16, definition: bf16ByDefinition, infinity: 0x7f80 },
];

/** The first of `n` numbers that fails, or -1: one assertion instead of 65,536. */
function firstFailure(n: number, holds: (h: number) => boolean): number {
  for (let h = 0; h < n; h++) if (!holds(h)) return h;
  return -1;
}

describe.each(formats)('$name', ({ decode, encode, definition, infinity }) => {
  it('decodes all 65,536 bit patterns to the value IEEE 754 defines', () => {
    expect(firstFailure(0x10000, (h) => Object.is(decode(h), definition(h)))).toBe(-1);
  });

  it('encodes every value it can hold to the same bits, and NaN to a NaN', () => {
    const isNan = (h: number): boolean => (h & 0x7fff) > infinity;
    expect(firstFailure(0x10000, (h) => (isNan(h) ? isNan(encode(decode(h))) : encode(decode(h)) === h))).toBe(-1);
  });

  it('rounds to the nearest neighbour, and half-way to the even one, between every two values', () => {
    // What lies above the largest finite value is the power of two that would come next: it stands for infinity.
    const above = (h: number): number => (h + 1 === infinity ? 2 * decode(h) - decode(h - 1) : decode(h + 1));
    const holds = (h: number): boolean => {
      const middle = (decode(h) + above(h)) / 2; // exact: one bit more than the format has
      const quarter = (above(h) - decode(h)) / 4;
      const even = h % 2 === 0 ? h : h + 1;
      return (
        encode(middle) === even &&
        encode(middle - quarter) === h &&
        encode(middle + quarter) === h + 1 &&
        encode(-middle) === (even | 0x8000)
      );
    };
    expect(firstFailure(infinity, holds)).toBe(-1);
  });

  it('keeps infinities, signed zeros and NaN', () => {
    expect(encode(Infinity)).toBe(infinity);
    expect(encode(-Infinity)).toBe(infinity | 0x8000);
    expect(encode(0)).toBe(0);
    expect(encode(-0)).toBe(0x8000);
    expect(decode(encode(NaN))).toBeNaN();
  });
});

describe('f16', () => {
  it('turns what is too large into infinity and what is too small into zero', () => {
    expect(halfToFloat(floatToHalf(65_519))).toBe(65_504);
    expect(halfToFloat(floatToHalf(65_520))).toBe(Infinity);
    expect(halfToFloat(floatToHalf(-1e30))).toBe(-Infinity);
    expect(floatToHalf(2 ** -25)).toBe(0);
    expect(floatToHalf(2 ** -25 * 1.001)).toBe(1);
  });

  it('lies little-endian in bytes, at any offset', () => {
    const bytes = new Uint8Array(5);
    writeHalf(bytes, 1, -1.5);
    expect([...bytes]).toEqual([0, 0x00, 0xbe, 0, 0]);
    expect(readHalf(bytes, 1)).toBe(-1.5);
  });
});

describe('bf16', () => {
  it('does not let a NaN whose payload sits in the lower half become infinity', () => {
    const nan = new Float32Array(Uint32Array.of(0x7f80_0001).buffer)[0]!;
    expect(bf16ToFloat(floatToBf16(nan))).toBeNaN();
  });
});
