import { scratch } from './scratch';

export class Rows {
  /** Four rows' results for one token, plus their bias (or 0); of the last rows only the `n` that exist. */
  static store(out: usize, sums: v128, bias: usize, n: i32): void {
    if (n >= 4) {
      v128.store(out, bias ? f32x4.add(sums, v128.load(bias)) : sums);
      return;
    }
    v128.store(scratch(), sums);
    for (let i: usize = 0; <i32>i < n; i++) {
      const sum = load<f32>(scratch() + 4 * i);
      store<f32>(out + 4 * i, bias ? sum + load<f32>(bias + 4 * i) : sum);
    }
  }
}
