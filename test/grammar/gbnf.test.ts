import { expect, test } from 'vitest';
import { UnsupportedError } from '../../src/base/errors.ts';
import { grammarOfGbnf } from '../../src/grammar/gbnf.ts';
import { CompiledGrammar, Matcher } from '../../src/grammar/matcher.ts';
import { Vocabulary } from '../../src/grammar/vocabulary.ts';

const names = new Map([
  ['<think>', 256],
  ['</think>', 257],
]);

/** A token for each byte, two control tokens, and an end. */
const vocabulary = new Vocabulary({
  nVocab: 259,
  bytes: (token) => Uint8Array.of(token),
  isControl: (token) => token >= 256,
  isEnd: (token) => token === 258,
});

const encoder = new TextEncoder();

/** Each part of a text is bytes, or a token. */
function fits(grammar: CompiledGrammar, ...parts: (string | number)[]): boolean {
  const matcher = new Matcher(grammar);
  const tokens = parts.flatMap((part) => (typeof part === 'number' ? [part] : [...encoder.encode(part)]));
  for (const token of tokens) {
    const isAllowed = ((matcher.mask()[token >> 5]! >>> (token & 31)) & 1) !== 0;
    if (!isAllowed) {
      expect(() => matcher.accept(token)).toThrow(RangeError);
      return false;
    }
    matcher.accept(token);
  }
  return matcher.mayEnd;
}

const compiled = (text: string): CompiledGrammar =>
  new CompiledGrammar(
    grammarOfGbnf(text, (piece) => names.get(piece)),
    vocabulary,
  );

/** Grammars, texts that fit, and texts that do not. */
const cases: readonly (readonly [name: string, grammar: string, good: readonly string[], bad: readonly string[]])[] = [
  ['a literal', 'root ::= "a\\"\\\\\\n\\tb"', ['a"\\\n\tb'], ['', 'a', 'a"\\\n\tbc']],
  ['escapes by number', 'root ::= "\\x41\\u00e9\\U0001F600" [\\x30-\\x39\\]\\-]', ['Aé😀7', 'Aé😀]', 'Aé😀-'], ['Aé😀a', 'A']],
  ['classes', 'root ::= [a-cx_] [^a-c\\n] [-z] [z-]', ['ad-z', 'xx z-'.replace(' ', ''), '_é--'], ['aa-z', 'a\n-z', 'ddzz', 'adyz']],
  ['letters of all languages', 'root ::= [ぁ-ゟ]+ | "ß" [^ß]', ['ひらがな', 'ßs', 'ß😀'], ['カ', 'ßß', '']],
  ['any character, also the end of a line', 'root ::= . "x" .', ['\nx😀', 'axa'], ['x', 'aax', 'axab']],
  ['counts', 'root ::= "a"{2} "b"{1,} [c]{0,2} ("de"){1,3} "f" { 2 , 3 }', ['aabdeff', 'aabbbccdededefff'], ['abdeff', 'aadeff', 'aabcccdeff', 'aabdef', 'aabdeffff']],
  ['a count without a limit of the dialect', 'root ::= [a-z]{3000,5000}', ['x'.repeat(3000), 'y'.repeat(5000)], ['x'.repeat(2999), 'x'.repeat(5001)]],
  ['counts of groups and rules', 'root ::= (pair " "){2,3} pair?\npair ::= "(" pair* ")"', ['() (()) ', '() () () (()())'], ['() ', '() () () () ']],
  ['* + ? on all there is', 'root ::= "ab"* [x]+ (a | "q")? a+\na ::= "a"', ['xa', 'ababxxqa', 'xaaa'], ['a', 'aba', 'xqqa']],
  ['repetition of what may be empty', 'root ::= ([x]* )* (("y"?){2,3})+', ['', 'x', 'xxyy', 'yyyyyyy'], ['z', 'yx']],
  ['choices, the empty one too', 'root ::= "a" b "c"\nb ::= "b" | | "bb" b', ['ac', 'abc', 'abbc', 'abbbbc'], ['a', 'abca']],
  ['comments and lines', '# a list\r\nroot ::= ( # any\n  "a"\n  | # or\n  "b" )\n  \n\n item ::= "x" # unused\n', ['a', 'b'], ['x', '']],
  ['| at the end of a line goes on', 'root ::= "a" |\n\n  "b"', ['a', 'b'], ['ab']],
  ['a name that another begins with', 'root ::= root-a | root-ab\nroot-a ::= "1"\nroot-ab ::= "2" Root9\nRoot9 ::= "3"', ['1', '23'], ['2', '13']],
  ['the last of two rules of a name', 'root ::= a\na ::= "1"\na ::= "2"', ['2'], ['1']],
  ['recursion', 'root ::= "[" (root ("," root)*)? "]"', ['[]', '[[],[[]]]'], ['[', '[[],]', ']']],
  ['a rule that begins with itself', 'root ::= root "a" | "b"', ['b', 'ba', 'baaa'], ['', 'a', 'bb']],
  ['rules that begin with each other, past one that may be empty', 'root ::= asdf\nasdf ::= "a" | foo "b"\nfoo ::= "c" | empty asdf "d" | "e"\nempty ::= "blah" | ', ['a', 'cb', 'eb', 'adb', 'blahadb', 'cbdbdb'], ['', 'ad', 'blaha', 'blahblahadb']],
  ['sums and products', 'root ::= sum\nsum ::= sum [-+] product | product\nproduct ::= product [*/] factor | factor\nfactor ::= [0-9]+ | "(" sum ")"', ['1', '12+3*(4-5)/6', '((7))'], ['', '1+', '(1', '1**2', '()']],
]; // prettier-ignore

test.each(cases)('%s', (_, text, good, bad) => {
  const grammar = compiled(text);
  for (const one of good) if (!fits(grammar, one)) expect.fail(`${JSON.stringify(one.slice(0, 80))} does not fit`);
  for (const one of bad) if (fits(grammar, one)) expect.fail(`${JSON.stringify(one.slice(0, 80))} fits`);
});

test('tokens by number and by name, and any token but one', () => {
  const byName = compiled('root ::= <think> thinking </think> [a-z]*\nthinking ::= !</think>*');
  const byNumber = compiled('root ::= <[256]> thinking <[257]> [a-z]*\nthinking ::= !<[257]>*');
  for (const grammar of [byName, byNumber]) {
    expect(fits(grammar, 256, 'Hm, 1 + 1? ', 256, 'é', 257, 'two')).toBe(true);
    expect(fits(grammar, 256, 257)).toBe(true);
    expect(fits(grammar, 256, 'no end')).toBe(false);
    expect(fits(grammar, 256, 257, 'TWO')).toBe(false);
    expect(fits(grammar, 'x', 257)).toBe(false);
    expect(fits(grammar, 256, 258, 257)).toBe(false); // an end is no other token
    expect(fits(grammar, '<think>', 257)).toBe(false); // spelt out it is text
  }
  expect(() => grammarOfGbnf('root ::= <think>')).toThrow(/expected the name of one token/);
  expect(() => compiled('root ::= <[9999]>')).toThrow(/a token is an id below 259; got 9999/);
});

/** What is wrong, and what the error says. */
const mistakes: readonly (readonly [grammar: string, says: RegExp])[] = [
  ['', /no rule root/],
  ['rot ::= "a"', /no rule root/],
  ['root ::= "a" | other "b"', /line 1, column 16 of the grammar: only its use, expected a rule other ::= …/],
  ['root ::= "a\n', /line 2, column 1.*the end, expected the end of the literal|expected the end of the literal/],
  ['root ::= [a-z', /expected the end of the class/],
  ['root ::= []', /"\[\]", expected a character between|expected a character between \[ and \]/],
  ['root ::= [z-a]', /from the smaller character to the greater/],
  ['root ::= "\\q"', /expected \\t \\r \\n/],
  ['root ::= "\\x4"', /expected 2 hexadecimal digits behind \\x/],
  ['root ::= "\\U00110000"', /up to \\U0010FFFF/],
  ['root ::= "\\ud83d\\ude00"', /whole characters/],
  ['root ::= "a"{3,2}', /a second number not below the first/],
  ['root ::= "a"{,2}', /column 14.*expected a number/],
  ['root ::= "a"{2', /expected }/],
  ['root ::= ("a"', /the end, expected \)/],
  ['root ::= "a")', /column 13.*expected a symbol, \| or the end of the line/],
  ['root ::= * "a"', /column 10.*expected a symbol/],
  ['root = "a"', /expected ::=/],
  ['root ::= <think', /expected a token/],
];

test.each(mistakes)('%j is refused', (grammar, says) => {
  expect(() => grammarOfGbnf(grammar)).toThrow(RangeError);
  expect(() => grammarOfGbnf(grammar)).toThrow(says);
});

test('hostile grammars end in an error, or are read in no time', () => {
  expect(() => compiled(`root ::= ${'('.repeat(5_000)}"a"${')'.repeat(5_000)}`)).toThrow(UnsupportedError);
  expect(() => compiled(`root ::= "a"${'*'.repeat(5_000)}`)).toThrow(UnsupportedError);
  const chain = Array.from({ length: 20_000 }, (_, i) => `r${i} ::= r${i + 1} "x" | "y"\n`).join('');
  expect(() => fits(compiled(`root ::= r0\n${chain}r20000 ::= "z"`), 'y')).toThrow(UnsupportedError);
  const ambiguous = compiled('root ::= root root | "a" root | root "a" | "a" | ');
  expect(fits(ambiguous, 'a'.repeat(60))).toBe(true);
  expect(fits(compiled(`root ::= "a" | ${'r '.repeat(150_000)}\nr ::= "b"?`), 'a')).toBe(true);
  const nested = compiled('root ::= (("a"{0,1000}){0,1000}){0,1000}');
  expect(fits(nested, 'a'.repeat(50))).toBe(true);
  const doubling = compiled('root ::= [ab]* "a" [ab]{200}');
  expect(fits(doubling, `${'ab'.repeat(40)}a${'b'.repeat(200)}`)).toBe(true);
});
