/** Texts of the multiples of a number: the remainder is worked out digit by digit. */
import { UnsupportedError } from '../../base/errors.ts';
import type { Machine } from '../machine.ts';
import { machineText, type Regular } from '../regular.ts';
import type { Decimal } from './decimal.ts';

/** Remainders up to here, times ten, are exact; and a state is a remainder with its place. */
const LARGEST = 2 ** 40;

/** How many digits behind the point a multiple may have. */
export const placesOf = ({ exponent }: Decimal): number => Math.max(0, -exponent);

/** Plain numbers that are a multiple, or those that are none. Zeros may follow behind the last place. */
export function multipleTexts(of: Decimal, isOne: boolean): Regular {
  const places = placesOf(of);
  const divisor = Number(of.exponent > 0 ? of.digits * 10n ** BigInt(Math.min(of.exponent, 40)) : of.digits);
  if (divisor > LARGEST || places > 15) {
    throw new UnsupportedError(`multipleOf ${of.digits}e${of.exponent} has too many digits; a divisor has at most 12`);
  }
  return machineText(remainders(divisor, places, isOne), 0);
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
