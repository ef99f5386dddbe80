import { UnsupportedError } from '../../base/errors.ts';
import { regularOfRegexp } from '../regexp.ts';
import type { Regular } from '../regular.ts';
import type { Place } from './document.ts';
import { step } from './json.ts';
import { at } from './limits.ts';
import { spelt } from './texts.ts';

/** The contents of strings in which the pattern is found. */
export function patternTexts(source: string, place: Place, keyword: 'pattern' | 'patternProperties'): Regular {
  try {
    return regularOfRegexp(source, 'u', spelt);
  } catch (error) {
    const where = at(place.pointer + step(keyword));
    if (error instanceof UnsupportedError) throw new UnsupportedError(`${where} of the schema: ${error.message}`);
    if (error instanceof RangeError) throw new RangeError(`${where} of the schema: ${error.message}`);
    throw error;
  }
}
