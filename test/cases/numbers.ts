/** Numbers that are the same on every machine: a 32-bit linear congruential generator's upper bits. */
export function randomFloats(n: number, seed: number, size = 1): Float32Array {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 8) / 2 ** 23 - 1) * size;
  });
}

/** Largest difference, relative to the largest magnitude expected; infinite where one number is finite and the other is not. */
export function errorOf(came: Float32Array, wanted: Float32Array): number {
  if (came.length !== wanted.length) throw new Error(`${came.length} numbers came, ${wanted.length} were expected`);
  let error = 0;
  let largest = 0;
  for (let i = 0; i < wanted.length; i++) {
    const difference = Object.is(came[i], wanted[i]) ? 0 : Math.abs(came[i]! - wanted[i]!);
    error = Math.max(error, Number.isNaN(difference) ? Infinity : difference);
    if (Number.isFinite(wanted[i])) largest = Math.max(largest, Math.abs(wanted[i]!));
  }
  return error / (largest || 1);
}
