/** A decimal number without its sign: `digits` times ten to the `exponent`; no zeros at the end of the digits. */
export interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** The shortest decimal that reads as this double, which is what a schema's author wrote. */
export function decimalOf(value: number): Decimal {
  const [mantissa = '', power = '0'] = Math.abs(value).toString().split('e');
  const [before = '', behind = ''] = mantissa.split('.');
  const digits = (before + behind).replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  return {
    digits: BigInt(short || '0'),
    exponent: short === '' ? 0 : Number(power) - behind.length + digits.length - short.length,
  };
}
