/** How texts are looked at to tell their language, and how what speaks for which is written down. */

/** Languages that share a script. */
export interface Profile {
  /** Its name in Unicode. */
  readonly script: string;
  /** Tags, with blanks between; `A`, `B` … stand for them in `grams`. */
  readonly languages: string;
  /** What one level of a weight is worth. */
  readonly step: number;
  /** `gram>AnBn…|…`: a language's letter and a level, 1 to 7, or one of `!#$%&()` for -1 to -7. White space around words is `_`. */
  readonly grams: string;
}

/** A profile, unpacked: for each n-gram, weights of those languages that it says something of. */
export interface Weights {
  readonly languages: readonly string[];
  readonly ofGram: ReadonlyMap<string, readonly (readonly [language: number, weight: number])[]>;
}

const negative = '!#$%&()';
const maxGram = 4;

export function unpacked({ languages, step, grams }: Profile): Weights {
  const ofGram = new Map<string, (readonly [number, number])[]>();
  for (const entry of grams.split('|')) {
    const end = entry.indexOf('>');
    const weights: (readonly [number, number])[] = [];
    for (let at = end + 1; at < entry.length; at += 2) {
      const letter = entry.charCodeAt(at);
      const level = entry[at + 1]!;
      const below = negative.indexOf(level);
      weights.push([letter < 97 ? letter - 65 : letter - 71, (below < 0 ? Number(level) : -1 - below) * step]);
    }
    ofGram.set(entry.slice(0, end).replaceAll('_', ' '), weights);
  }
  return { languages: languages.split(' '), ofGram };
}

/** Words in small letters, without digits and marks. */
export function wordsOf(text: string): string[] {
  const plain = text.toLowerCase().normalize('NFC').replaceAll('’', "'");
  return plain.split(/[^\p{L}\p{M}']+/u).filter((word) => word !== '');
}

/** The sum of weights for each language, `[languages.length]`. */
export function scoresOf(words: readonly string[], { languages, ofGram }: Weights): Float64Array {
  const scores = new Float64Array(languages.length);
  let nLetters = 0;
  for (const word of words) {
    nLetters += Array.from(word).length;
    const padded = Array.from(` ${word} `);
    for (let n = 1; n <= maxGram; n++) {
      for (let i = 0; i + n <= padded.length; i++) {
        const found = ofGram.get(padded.slice(i, i + n).join(''));
        if (found) for (const [language, weight] of found) scores[language]! += weight;
      }
    }
  }
  const scale = 1 / Math.sqrt(Math.max(1, nLetters));
  return scores.map((score) => score * scale);
}
