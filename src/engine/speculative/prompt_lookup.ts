import type { Drafter } from './drafter.ts';

/** Fewer tokens in common say little about the next one. */
const MIN_MATCH = 2;

/** Longer matches are not told apart. */
const MAX_MATCH = 16;

/** Earlier places looked at per draft, latest first. */
const MAX_PLACES = 32;

/**
 * Prompt lookup decoding (Saxena, 2023, github.com/apoorvumang/prompt-lookup-decoding): guesses that the text goes on as it did
 * after the longest earlier occurrence of its last tokens, the latest among equals. Pays where text is copied: quotes,
 * summaries, edits of code.
 *
 * Places are found as in LZ77 compressors, by a hash chain over pairs of tokens: adding a token and drafting take constant
 * time, and memory is two arrays of about `nCtx` integers.
 *
 *     text    … the cat sat on the mat … and the cat │ sat on the   <- guesses
 *                   └ after[…] ────────────────┘ └ latest[hash(the, cat)]
 *
 * @param nCtx the longest text.
 */
export function promptLookup(nCtx: number): Drafter {
  const hashBits = Math.max(4, 32 - Math.clz32(nCtx));
  const latest = new Int32Array(2 ** hashBits); // by hash: where a pair was last seen, as the index after its second token; 0: never
  const before = new Int32Array(nCtx + 1); // by place: the one before it with the same hash
  let nIndexed = 0; // pairs that end before this index are in the chains

  const slotOf = (text: Int32Array, end: number): number =>
    (Math.imul(text[end - 2]!, 0x9e3779b1) + Math.imul(text[end - 1]!, 0x85ebca6b)) >>> (32 - hashBits);

  function index(text: Int32Array): void {
    if (text.length < nIndexed) {
      latest.fill(0);
      nIndexed = 0;
    }
    for (let end = Math.max(MIN_MATCH, nIndexed); end < text.length; end++) {
      const slot = slotOf(text, end);
      before[end] = latest[slot]!;
      latest[slot] = end;
    }
    nIndexed = text.length;
  }

  /** The index that follows the longest earlier occurrence of the text's end; 0: there is none. */
  function find(text: Int32Array): number {
    let longest = MIN_MATCH - 1;
    let found = 0;
    let place = latest[slotOf(text, text.length)]!;
    for (let i = 0; i < MAX_PLACES && place > 0; i++, place = before[place]!) {
      const length = commonEnd(text, place);
      if (length <= longest) continue;
      longest = length;
      found = place;
    }
    return found;
  }

  return {
    isFree: true,
    draft(text, guesses) {
      index(text);
      const found = text.length < MIN_MATCH ? 0 : find(text);
      if (found === 0) return 0;
      // A match may overlap the text's end (a b a b │ a b …): it then goes on in the guesses themselves.
      for (let i = 0; i < guesses.length; i++) {
        const from = found + i;
        guesses[i] = from < text.length ? text[from]! : guesses[from - text.length]!;
      }
      return guesses.length;
    },
  };
}

/** How many tokens before `place` equal those at the end of the text, at most `MAX_MATCH`. */
function commonEnd(text: Int32Array, place: number): number {
  const most = Math.min(MAX_MATCH, place);
  let n = 0;
  while (n < most && text[place - 1 - n] === text[text.length - 1 - n]) n++;
  return n;
}
