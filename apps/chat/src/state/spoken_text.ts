/** What a voice says of Markdown: the words, without the marks that only say how they look. */

/** Begin a line: quotes, headings, items of lists. */
const LINE_MARKS = /^[ \t]*(?:>[ \t]?|#{1,6}[ \t]+|[*+-][ \t]+)+/gm;
/** Stand anywhere: struck out, strong, code. */
const PAIRED_MARKS = /~~|\*\*|`+/g;
/** Stand at a word: the line in `snake_case` and the star in `2 * 3` are no marks. */
const WORD_MARKS = /(^|[^\p{L}\p{N}_])_+(?=\S)|(\S)_+(?=[^\p{L}\p{N}_]|$)|(\S)\*|\*(?=\S)/gu;

export const spokenText = (text: string): string =>
  text
    .replace(LINE_MARKS, '')
    .replace(PAIRED_MARKS, '')
    .replace(WORD_MARKS, '$1$2$3')
    .replace(/\|/g, ' ')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
