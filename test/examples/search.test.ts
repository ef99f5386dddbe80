import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { wordyEncoder } from '../helpers/tiny_encoders.ts';

/** examples/search.mjs on a few pages, with a model whose rows mean nothing: a passage is nearest to its own text. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'thimble-search-'));
afterAll(() => rmSync(folder, { recursive: true }));

const path = (name: string) => join(folder, name);
const search = (...args: string[]) =>
  execFileSync(process.execPath, ['examples/search.mjs', ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const pages = `intro text before any heading

# Rivers

The Loire is the longest river of France.

${'It flows past many castles and vineyards on its way to the sea. '.repeat(6)}

${'Barges and boats carry sand and salt and people up and down it. '.repeat(6)}

## Bread

Flour, water, salt and yeast.
`;

it('splits, embeds, saves and finds', () => {
  writeFileSync(path('model.gguf'), wordyEncoder('bert-mean', { nPositions: 1024, called: 'tiny' }));
  writeFileSync(path('pages.md'), pages);
  expect(search('index', path('model.gguf'), path('index.json'), path('pages.md'))).toMatch(/: \d passages of 1 files/);
  const { passages, dimensions, rows } = JSON.parse(readFileSync(path('index.json'), 'utf8')) as {
    passages: { heading: string; text: string }[];
    dimensions: number;
    rows: string;
  };
  expect(passages.map(({ heading }) => heading)).toEqual(['', 'Rivers', 'Rivers', 'Bread']);
  for (const { text } of passages) expect(text.length).toBeLessThanOrEqual(800);
  expect(passages[1]!.text).toMatch(/^The Loire.*\n\nIt flows/);
  expect(passages[2]!.text).toMatch(/^It flows.*\n\nBarges/); // the last paragraph stands in both
  expect(Buffer.from(rows, 'base64')).toHaveLength(4 * dimensions * passages.length);
  const [first] = search('find', path('model.gguf'), path('index.json'), 'Bread\nFlour, water, salt and yeast.').split(
    '\n',
  );
  expect(first).toMatch(/^1\.000 {2}pages\.md · Bread$/);
  writeFileSync(path('other.gguf'), wordyEncoder('bert-mean', { called: 'another' }));
  expect(() => search('find', path('other.gguf'), path('index.json'), 'x')).toThrow(
    /made with tiny; search with that model/,
  );
}, 30_000);
