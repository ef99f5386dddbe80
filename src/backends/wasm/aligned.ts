import { roundUp } from '../../base/numbers.ts';

/** Addresses and counts are multiples of this: a cache line, so that threads never write to the same one. */
const ALIGN = 64;

export const aligned = (bytes: number): number => roundUp(bytes, ALIGN);
