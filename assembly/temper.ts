import { Record } from './lib/record';

@unmanaged
class TemperRecord extends Record {
  out: usize; // [nTokens, cols]
  x: usize; // [nTokens, cols]
  factors: usize; // [nFactors]
  cols: u32;
  nFactors: u32;
  every: u32;
}

/** Rows times the factor of their position; an item is a token. */
export function temper(record: TemperRecord, begin: u32, end: u32): void {
  const rowBytes = record.cols << 2;
  for (let token = begin; token < end; token++) {
    const step = min(record.step.posOf(token) / record.every, record.nFactors - 1);
    const factor = load<f32>(record.factors + (step << 2));
    const out = record.out + token * rowBytes;
    const x = record.x + token * rowBytes;
    let i: usize = 0;
    for (; i + 16 <= rowBytes; i += 16) v128.store(out + i, f32x4.mul(v128.load(x + i), f32x4.splat(factor)));
    for (; i < rowBytes; i += 4) store<f32>(out + i, load<f32>(x + i) * factor);
  }
}
