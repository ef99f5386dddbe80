import { expect, it } from 'vitest';
import { chrf } from '../../bench/lib/chrf.ts';

it.each<[string, [string, string][], number]>([
  [
    'two sentences',
    [
      ['the cat sat on a mat', 'the cat is on the mat'],
      ['hello there', 'hello, you there!'],
    ],
    38.368367862987334,
  ],
  ['characters beyond the first plane', [['Ünï 🙂', 'Ünï 🙂 c']], 72.57346393588602],
  ['the same', [['gleich', 'gleich']], 100],
  ['nothing in common', [['ab', 'xyz']], 0],
  ['no text', [['', 'xyz']], 0],
])('chrF of %s is what sacrebleu 2.6 says', (_, pairs, score) => {
  expect(chrf(pairs)).toBeCloseTo(score, 9);
});
