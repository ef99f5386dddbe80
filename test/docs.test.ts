import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { detectFeatures } from '../src/platform/features.ts';

const root = new URL('../', import.meta.url);
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'PAGING.md',
  'SPEED.md',
  'models/README.md',
  'test/README.md',
  'test/fixtures/README.md',
];

/** Every `[text](target)` of a document, web addresses left out. */
function linksOf(document: string): { text: string; target: string }[] {
  const links = readFileSync(new URL(document, root), 'utf8').matchAll(/\[([^\]]+)\]\(([^)\s]+)\)/g);
  return [...links]
    .map(([, text, target]) => ({ text: text!, target: target! }))
    .filter((l) => !/^\w+:/.test(l.target));
}

/** GitHub's anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

describe.each(documents)('%s', (document) => {
  const base = new URL(document, root);

  it('links to files and headings that exist', () => {
    const broken = linksOf(document).filter(({ target }) => {
      const [path, anchor] = target.split('#') as [string, string?];
      const file = path === '' ? base : new URL(path, base);
      if (!existsSync(file)) return true;
      if (anchor === undefined) return false;
      const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, text]) => anchorOf(text!));
      return !headings.includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names, in links spelled as code, things that their files define', () => {
    const named = linksOf(document).filter(({ text, target }) => /^`.*`$/.test(text) && /\.(ts|mjs)$/.test(target));
    const missing = named.filter(({ text, target }) => {
      const name = text.slice(1, -1).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      const definition = new RegExp(`^\\s*(export )?(async )?(function|class|const|interface|type)? ?${name}\\b`, 'm');
      return !definition.test(readFileSync(new URL(target, base), 'utf8'));
    });
    expect(missing).toEqual([]);
  });
});

it('the README shows the example as it stands in examples/', () => {
  const shown = /```ts\n([\s\S]*?)```/.exec(readFileSync(new URL('README.md', root), 'utf8'))![1]!;
  expect(readFileSync(new URL('examples/chat.mjs', root), 'utf8')).toContain(shown.trim());
});

it.each(readdirSync(new URL('examples/faces', root)))('the README shows examples/faces/%s as it stands', (name) => {
  const blocks = [...readFileSync(new URL('README.md', root), 'utf8').matchAll(/```js\n([\s\S]*?)```/g)];
  expect(blocks.map(([, code]) => code)).toContain(readFileSync(new URL(`examples/faces/${name}`, root), 'utf8'));
});

it.skipIf(detectFeatures().build !== 'relaxed')(
  'ARCHITECTURE.md shows one block as the kernels pack it (Node 22 and newer)',
  async () => {
    const { picture } = await import('../scripts/one_block.ts');
    const shown = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8');
    expect(shown).toContain((await picture()).replace(/^(?=.)/gm, '    '));
  },
);

describe('SPEED.md', () => {
  const text = readFileSync(new URL('SPEED.md', root), 'utf8').replace(/<!--[\s\S]*?-->/g, '');
  const entries = [...text.matchAll(/^## (\d{4}-\d\d-\d\d) · (.*)\n([\s\S]*?)(?=^## |(?![\s\S]))/gm)];

  it('has entries, newest first', () => {
    const dates = entries.map(([, date]) => date!);
    expect(dates.length).toBeGreaterThan(5);
    expect(dates).toEqual([...dates].sort().reverse());
  });

  it.each(entries.map(([, date, title, body]) => ({ title: `${date} ${title}`, body: body! })))(
    'has the five fields in order, on one screen: $title',
    ({ body }) => {
      const fields = [...body.matchAll(/^\*\*(.*?)\.\*\*/gm)].map(([, field]) => field);
      expect(fields).toEqual(['Machine', 'Command', 'Before → after', 'Meaning', 'Lost']);
      expect(body.split('\n').length).toBeLessThan(50);
    },
  );
});
