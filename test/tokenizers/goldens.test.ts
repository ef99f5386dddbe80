import { describe, expect, test } from 'vitest';
import { loadTokenizer, decode } from '../../src/tokenizers/index.ts';
import { fixture, haveVocab, ids, loadCases, loadVocab, seeded, vocabNames } from './vocabs.ts';

const texts = fixture<string[]>('texts.json');
const llamaCpp = fixture<{ engine: string; models: Record<string, [plain: string, special?: string][]> }>(
  'llama_cpp.json',
);
const huggingFace = fixture<{ bert: Record<string, string> }>('hugging_face.json');

/** Files of this name carry `general.name: Phi3`, the only sign of what their added tokens do to the space after them. */
const modelNames: Record<string, string> = { 'phi-3': 'Phi3' };

const noCases = new Set(['smollm2', 'nomic-bert-moe']);

/** They normalise what they read. */
const losesText = new Set(['bert-bge', 'nomic-bert-moe']);

/** Six control characters and two lead bytes of unassigned planes; the lead byte F1; thirteen bytes that UTF-8 never has. llama.cpp leaves them out as well. */
const lacksBytes = new Set(['smollm2', 'starcoder', 'deepseek-llm']);

for (const name of vocabNames) {
  describe.skipIf(!haveVocab(name))(
    `${name} (skipped where its file is absent: ../shared/data, models/, or what scripts/tokenizer_fuzz.mjs unpacks)`,
    async () => {
      const vocab = haveVocab(name) ? { ...(await loadVocab(name)), modelName: modelNames[name] } : undefined;
      const tokenizer = vocab ? await loadTokenizer(vocab) : undefined!;

      test.skipIf(noCases.has(name))("gives llama.cpp's ids for llama.cpp's own cases", () => {
        const cases = loadCases(name);
        expect(cases.length).toBeGreaterThan(45);
        for (const { text, tokens } of cases) expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(tokens);
      });

      test("gives llama.cpp's ids with and without control tokens, BERT's where llama.cpp differs from BERT", () => {
        for (const [i, [plain, special = plain]] of llamaCpp.models[name]!.entries()) {
          const text = texts[i]!;
          // Hangul, spacing marks and control characters: llama.cpp differs from BERT as Hugging Face has it.
          const bert = name === 'bert-bge' ? huggingFace.bert[text] : undefined;
          expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids(bert ?? plain));
          expect(tokenizer.encode(text, { special: true }), JSON.stringify(text)).toEqual(ids(bert ?? special));
        }
      });

      test.skipIf(losesText.has(name))('brings every text back, but for bytes that the vocabulary lacks', () => {
        const known = new Set([...vocab!.tokens].flatMap((_, token) => [...tokenizer.bytes(token)]));
        if (!lacksBytes.has(name)) expect(known.size).toBe(256);
        for (const text of [...texts, ...randomTexts(400)]) {
          // SentencePiece spells a space as U+2581, so a U+2581 in the text comes back as a space.
          const sayable = ['llama', 'gemma4'].includes(vocab!.model) ? text.replaceAll('\u2581', ' ') : text;
          const expected = Buffer.from(Buffer.from(sayable).filter((byte) => known.has(byte))).toString();
          expect(decode(tokenizer, tokenizer.encode(text)), JSON.stringify(text)).toBe(expected);
        }
      });
    },
  );
}

/** Unicode of all kinds, well and badly formed, the same in every run. */
function randomTexts(count: number): string[] {
  const random = seeded(7);
  const ranges = [
    ...[
      [0, 0x7f],
      [0, 0x20],
      [0x80, 0x24f],
      [0x300, 0x36f],
      [0x370, 0x5ff],
      [0x600, 0x6ff],
      [0x900, 0xdff],
    ],
    ...[
      [0x1f300, 0x1faff],
      [0x200b, 0x206f],
      [0x3040, 0x30ff],
      [0x4e00, 0x9fff],
      [0xac00, 0xd7a3],
      [0xd800, 0xdfff],
    ],
    ...[
      [0xfe00, 0xfeff],
      [0xfff0, 0xffff],
      [0x10000, 0x10ffff],
      [0x1f1e6, 0x1f1ff],
      [0x200d, 0x200d],
    ],
  ];
  return Array.from({ length: count }, () => {
    let text = '';
    for (let n = Math.floor(random() * 40); n > 0; n--) {
      const [first, last] = ranges[Math.floor(random() * ranges.length)]!;
      text += String.fromCodePoint(first! + Math.floor(random() * (last! - first! + 1)));
    }
    return text;
  });
}
