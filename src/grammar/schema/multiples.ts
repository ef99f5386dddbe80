import { UnsupportedError } from '../../base/errors.ts';
import type { Decimal } from './decimal.ts';
import type { Regular } from '../regular.ts';

export function multipleTexts(of: Decimal, isOne: boolean): Regular {
  throw new UnsupportedError(`multipleOf ${of.digits}e${of.exponent} ${isOne}`);
}
