import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Conversation } from '../../src/chat/conversation.ts';
import { encodePrompt, openTemplate } from '../../src/engine/prompt.ts';
import { readVocab } from '../../src/gguf/vocab.ts';
import { openModelFile } from '../../src/platform/model_file.ts';
import { createTokenizer, decode } from '../../src/tokenizers/index.ts';

const cases = new URL('../../../shared/cases/', import.meta.url);
const renders = new URL('renders.json', cases);
const rows = existsSync(renders)
  ? (JSON.parse(readFileSync(renders, 'utf8')) as (Conversation & { name: string; model: string; text: string })[])
  : [];

test.skipIf(rows.length === 0)(
  'conversations become what transformers makes of them (skipped where ../shared/cases is absent)',
  async () => {
    for (const { name, model, text, ...conversation } of rows) {
      const file = await openModelFile(fileURLToPath(new URL(model, cases)));
      const tokenizer = createTokenizer(readVocab(file.metadata));
      const tokens = encodePrompt(conversation, tokenizer, openTemplate(file, tokenizer));
      expect(decode(tokenizer, tokens, { special: true }), name).toBe(text);
      await Promise.all(file.sources.map((source) => source.close?.()));
    }
  },
);
