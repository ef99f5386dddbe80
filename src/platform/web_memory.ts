import type { DeviceMemory } from './platform.ts';

const GIB = 2 ** 30;

/** The parts of `navigator` that tell. */
export interface Browser {
  readonly userAgent: string;
  readonly maxTouchPoints?: number;
  readonly deviceMemory?: number;
}

/**
 * No browser tells how much memory a page may have. iOS kills a tab at about 1.5 GB, without an error: 1 GB is what all of it may take.
 * Elsewhere half of the device is a hint, where the browser says how large that is (Chromium: at most 8 GiB of a phone, 32 of others).
 */
export function deviceMemory({ userAgent, maxTouchPoints = 0, deviceMemory: gib }: Browser): DeviceMemory {
  const isIos = /iPhone|iPad|iPod/.test(userAgent) || (userAgent.includes('Macintosh') && maxTouchPoints > 1);
  if (isIos) return { allowedBytes: 1e9, said: 'that a page on iOS should take', countsGpu: true };
  if (gib !== undefined)
    return { allowedBytes: (gib / 2) * GIB, said: `that a page should take of this device's ${gib} GiB` };
  if (/Android|Mobile/.test(userAgent)) return { allowedBytes: 2 * GIB, said: 'that a page on a phone should take' };
  return { allowedBytes: undefined, said: '' };
}
