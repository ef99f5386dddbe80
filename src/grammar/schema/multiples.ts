/** Texts of the multiples of a number: the remainder is worked out digit by digit. */
import { UnsupportedError } from '../../base/errors.ts';
import type { Machine } from '../machine.ts';
import { machineText, type Regular } from '../regular.ts';
import type { Decimal } from './decimal.ts';

/** A state is a remainder with its place. Whether a multiple can still be reached is found out by looking at them all. */
const MOST_STATES = 10_000;

/** How many digits behind the point a multiple may have. */
export const placesOf = ({ exponent }: Decimal): number => Math.max(0, -exponent);

const divisorOf = ({ digits, exponent }: Decimal): number => Number(digits) * 10 ** Math.max(0, exponent);

/** Refuses what has too many remainders. `where` names the keyword. */
export function checkDivisor(of: Decimal, where: string): void {
  const places = placesOf(of);
  if (divisorOf(of) * (places + 2) <= MOST_STATES) return;
  const most = Math.floor(MOST_STATES / (places + 2));
  throw new UnsupportedError(
    `${where} has too many digits: with ${places} behind the point, they may say at most ${most}; leave it out, or take a rounder number`,
  );
}

/** Plain numbers that are a multiple, or those that are none. Zeros may follow behind the last place. */
export function multipleTexts(of: Decimal, isOne: boolean): Regular {
  return machineText(remainders(divisorOf(of), placesOf(of), isOne), 0);
}

/**
 * A state is `remainder + divisor * phase`. The phase is 0 before the point, and 1 + n behind n digits after it; from the last place on,
 * zeros alone are a multiple's, and `over` stands for any other number.
 */
function remainders(divisor: number, places: number, isOne: boolean): Machine {
  const over = divisor * (places + 2);
  const step = (state: number, byte: number): number => {
    const digit = byte - 0x30;
    const phase = Math.floor(state / divisor);
    if (byte === 0x2d) return state === 0 ? 0 : -1; // the sign; what stands where is the intersection's part to say
    if (byte === 0x2e) return phase === 0 ? state + divisor : -1;
    if (digit < 0 || digit > 9) return -1;
    if (state === over) return over;
    if (phase === places + 1) return digit === 0 ? state : over;
    return (((state % divisor) * 10 + digit) % divisor) + divisor * (phase === 0 ? 0 : phase + 1);
  };
  const accepts = (state: number): boolean => {
    if (state === over) return !isOne;
    let remainder = state % divisor;
    const phase = Math.floor(state / divisor);
    for (let place = Math.max(0, phase - 1); place < places; place++) remainder = (remainder * 10) % divisor;
    return (remainder === 0) === isOne;
  };
  return { key: `${isOne ? '' : 'not '}multiple of ${divisor}, ${places} places`, step, accepts };
}
