/** Texts with all that is between words: the same ones each time. */
export function* checkedRandom(n: number): Generator<string> {
  let state = 1;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const parts = [
    'word',
    'a',
    'längeres',
    'Satz.',
    'Ende!',
    '你好。',
    '🙂',
    'e\u0301',
    ' ',
    '  ',
    '\n',
    '\n\n',
    '\r\n',
    '\t',
    ', ',
    '"',
    '…',
    "don't",
  ];
  for (let i = 0; i < n; i++) yield Array.from({ length: below(60) }, () => parts[below(parts.length)]!).join('');
}
