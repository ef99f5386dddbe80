/** A class of code points, by the first and last of each range in hexadecimal (`A-Z` is letters). */
export const characterClass = (ranges: readonly string[]): string =>
  `[${ranges.map((range) => (/^[A-Za-z]-/.test(range) ? range : range.replace(/[0-9A-F]+/g, '\\u{$&}'))).join('')}]`;
