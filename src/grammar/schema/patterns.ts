import { UnsupportedError } from '../../base/errors.ts';
import type { Place } from './document.ts';
import type { Regular } from '../regular.ts';

export function patternTexts(source: string, place: Place, keyword: string): Regular {
  throw new UnsupportedError(`${place.pointer} of the schema: ${keyword} ${source}`);
}
