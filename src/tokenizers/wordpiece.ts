import type { Vocab } from '../base/vocab.ts';
import type { Roles } from './roles.ts';
import { characterClass } from './character_class.ts';
import { utf8, type TokenizerFamily } from './tokenizer.ts';

/** A word's first piece begins with U+2581 in a GGUF file; BERT's own `##` in front of the others is gone. */
const wordStart = '\u2581';

/** Characters; a longer word is unknown. `max_input_chars_per_word` of all BERT models. */
const maxWordLength = 100;

/**
 * WordPiece as BERT uses it (Devlin et al. 2019, arXiv:1810.04805): words without case and accents, punctuation and Chinese
 * characters by themselves, each cut into the longest tokens from left to right. A word that cannot be cut is unknown.
 */
export function createWordPiece(vocab: Vocab, { plain }: Roles): TokenizerFamily {
  let maxLength = 0; // of a piece: at most one UTF-16 unit per byte
  for (let token = 0; token < vocab.tokens.length; token++) maxLength = Math.max(maxLength, vocab.tokens.nBytes(token));
  const unkToken = vocab.unkToken ?? 100;

  function appendWord(word: string, tokens: number[]): void {
    const nBefore = tokens.length;
    // A word with U+2581 inside would find the first pieces of others there.
    if (word.lastIndexOf(wordStart) > 0 || isLongWord(word)) return void tokens.push(unkToken);
    for (let start = 0; start < word.length;) {
      let end = Math.min(word.length, start + maxLength);
      let token = plain.get(word.slice(start, end));
      while (token === undefined && end > start) token = plain.get(word.slice(start, --end));
      if (token === undefined) {
        tokens.length = nBefore;
        tokens.push(unkToken);
        return;
      }
      tokens.push(token);
      start = end;
    }
  }

  const { lowercase = true, stripAccents = lowercase } = vocab;
  const cases = { lowercase, stripAccents };
  return {
    encode(text, tokens) {
      for (const word of normalize(text, cases).match(words) ?? []) appendWord(wordStart + word, tokens);
    },
    bytes: (token) => utf8(vocab.tokens.at(token)!.replaceAll(wordStart, ' ')),
    bosToken: vocab.clsToken ?? vocab.bosToken ?? 101,
    eosToken: vocab.sepToken ?? vocab.eosToken ?? 102,
    addBos: vocab.addBos ?? true,
    addEos: vocab.addEos ?? true,
    spacePrefix: true,
  };
}

/** Whether a word, after its U+2581, has too many characters. */
function isLongWord(word: string): boolean {
  if (word.length <= 1 + maxWordLength) return false;
  return word.length > 1 + 2 * maxWordLength || [...word].length > 1 + maxWordLength;
}

/**
 * What follows is BertNormalizer and BertPreTokenizer of Hugging Face's `tokenizers` 0.23 to the code point. Their classes of characters are those
 * of Unicode 8, so these marks and punctuation of later versions are letters to them, and stay as they are.
 */
const laterLetters = characterClass([
  ...[
    '61D',
    '7FD',
    '890-8E2',
    '9FD-9FE',
    'A76',
    'AFA-AFF',
    'B55',
    'C04-C3C',
    'C77',
    'C84',
    'D00',
    'D3B-D3C',
    'D81',
    'EBA',
    'ECE',
  ],
  ...[
    '180F-1886',
    '1ABF-1AEB',
    '1B4E-1B4F',
    '1B7D-1B7F',
    '1DF6-1DFB',
    '2E43-2E5D',
    'A82C',
    'A8C5',
    'A8FF',
    'A9BD',
    '105C9-105E4',
  ],
  ...[
    '10D24-10F89',
    '11070-11074',
    '110C2-110CD',
    '111CF',
    '1123E-11241',
    '1133B',
    '11383-1145E',
    '11660-1166C',
    '116B9',
  ],
  ...['1182F-11FFF', '12FF1-1612F', '16D68-16F4F', '16FE2-16FE4', '1CF00-1CF46', '1E000-1E6F5', '1E944-1E95F'],
]);
/** A class of characters without those letters, to stand in another. */
const inUnicode8 = (characters: string) => `[[${characters}]--${laterLetters}]`;

const control = new RegExp(inUnicode8(String.raw`\0-\x08\x0B\x0C\x0E-\x1F\x7F-\x9F\p{Cf}\p{Co}\uFFFD`), 'gv');
const accents = new RegExp(inUnicode8(String.raw`[\p{Mn}\u1734\u{1171E}]--\u{111C9}`), 'gv');
/** Text between the letters of later versions, which are not decomposed. */
const decomposable = new RegExp(`[^${laterLetters}]+`, 'gv');

/** What becomes of case and accents. */
interface Cases {
  readonly lowercase: boolean;
  readonly stripAccents: boolean;
}

/** White space becomes plain spaces; control characters and U+FFFD go, in most models case and accents, too. */
function normalize(text: string, { lowercase, stripAccents }: Cases): string {
  const clean = text.replace(control, '').replace(/\p{White_Space}/gu, ' ');
  const bare = stripAccents ? clean.replace(decomposable, (part) => part.normalize('NFD')).replace(accents, '') : clean;
  if (!lowercase) return bare;
  return bare
    .replace(/[^\x00-\x7f]/gu, (character) => character.toLowerCase()) // one by one: no final sigma
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** One punctuation mark, ASCII symbol or Chinese character, or a run of anything else but spaces. */
const apart = inUnicode8(
  String.raw`\p{P}$+<=>^${'`'}\|~\u166D\u{111C9}\u{4E00}-\u{9FFF}\u{3400}-\u{4DBF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}` +
    String.raw`\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{F900}-\u{FAFF}\u{2F800}-\u{2FA1F}`,
);
const words = new RegExp(`${apart}|[^ ${apart}]+`, 'gv');
