import { FormatError } from '../base/errors.ts';

/** @throws FormatError for a weight that is infinite or NaN: it would make every logit NaN, or worse, not every one. */
export function checkFinite(tensor: string, numbers: Float32Array): void {
  const bad = numbers.findIndex((number) => !Number.isFinite(number));
  if (bad >= 0) throw notFinite(tensor, `weight ${bad}`);
}

export const notFinite = (tensor: string, where: string): FormatError =>
  new FormatError(`${tensor}: ${where} is infinite or NaN, expected finite ones; damaged file?`);
