/** Blocks as HTML, which the sanitiser still has to see. Every text is escaped here; attributes are only those of this file. */
import { Marked, type RendererObject, type Token, type Tokens } from 'marked';
import type { MathToken } from './math_syntax.ts';
import type { MarkdownWords } from './types.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character]!);

/** HTML that models write into texts and that can do no harm; all other HTML is shown as it is written. */
const plainTag = /^<(?:\/?(?:sub|sup|kbd|mark|u|s|ins|b|i|em|strong)|br\s*\/?)>$/i;

/** The address of a link that may be followed. */
export function followable(href: string): string | undefined {
  try {
    const { protocol, href: whole } = new URL(href);
    return ['http:', 'https:', 'mailto:'].includes(protocol) ? whole : undefined;
  } catch {
    return undefined;
  }
}

const link = (href: string, inner: string, className = ''): string => {
  const address = followable(href);
  if (address === undefined) return className ? `<span class="${className}">${inner}</span>` : inner;
  const kind = className ? ` class="${className}"` : '';
  return `<a${kind} href="${escaped(address)}" title="${escaped(address)}">${inner}</a>`;
};

const math = ({ tex, isBlock, isOpen }: MathToken): string => {
  const kind = `md-math${isBlock ? ' md-math-block' : ''}${isOpen ? ' md-math-open' : ''}`;
  return `<span class="${kind}" dir="ltr" data-tex="${escaped(tex)}"><code>${escaped(tex)}</code></span>`;
};

const cell = ({ header, align, tokens }: Tokens.TableCell, inline: (tokens: Token[]) => string): string => {
  const name = header ? 'th' : 'td';
  const kind = align === 'right' || align === 'center' ? ` class="md-${align}"` : '';
  return `<${name}${header ? ' scope="col"' : ''}${kind} dir="auto">${inline(tokens)}</${name}>`;
};

/** Browsers take minutes to lay out thousands. */
const mostColumns = 100;

const renderer = (words: MarkdownWords): RendererObject => ({
  space: () => '',
  def: () => '',
  hr: () => '<hr>',
  br: () => '<br>',
  paragraph({ tokens }) {
    return `<p dir="auto">${this.parser.parseInline(tokens)}</p>`;
  },
  /** The page has headings above these. */
  heading({ tokens, depth }) {
    const level = Math.min(depth + 2, 6);
    return `<h${level} dir="auto">${this.parser.parseInline(tokens)}</h${level}>`;
  },
  blockquote({ tokens }) {
    return `<blockquote dir="auto">${this.parser.parse(tokens)}</blockquote>`;
  },
  list(list) {
    const name = list.ordered ? 'ol' : 'ul';
    const start = list.ordered && Number(list.start) !== 1 ? ` start="${Number(list.start)}"` : '';
    return `<${name}${start} dir="auto">${list.items.map((item) => this.listitem(item)).join('')}</${name}>`;
  },
  listitem(item) {
    return `<li dir="auto">${this.parser.parse(item.tokens)}</li>`;
  },
  checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  code: ({ text, lang = '' }) =>
    `<pre><code data-language="${escaped(lang.trim().split(/[\s{]/)[0]!)}">${escaped(text)}</code></pre>`,
  table({ header, rows, raw }) {
    if (header.length > mostColumns) return `<pre><code>${escaped(raw)}</code></pre>`;
    const row = (cells: Tokens.TableCell[]) =>
      `<tr>${cells.map((each) => cell(each, (tokens) => this.parser.parseInline(tokens))).join('')}</tr>`;
    const body = rows.length > 0 ? `<tbody>${rows.map(row).join('')}</tbody>` : '';
    const region = `class="md-table" role="region" tabindex="0" aria-label="${escaped(words.table)}"`;
    return `<div ${region}><table><thead>${row(header)}</thead>${body}</table></div>`;
  },
  html({ text, block }) {
    if (plainTag.test(text.trim())) return text;
    return block ? `<p dir="auto" class="md-html">${escaped(text.trimEnd())}</p>` : escaped(text);
  },
  codespan: ({ text }) => `<code dir="ltr">${escaped(text)}</code>`,
  link({ href, tokens }) {
    return link(href, this.parser.parseInline(tokens));
  },
  image: ({ href, text }) => link(href, escaped(text || href), 'md-image'),
});

export interface HtmlMaker {
  /** One block, as one element. */
  html(token: Token): string;
}

export function htmlMaker(words: MarkdownWords): HtmlMaker {
  const marked = new Marked({
    renderer: renderer(words),
    extensions: ['math', 'inlineMath'].map((name) => ({ name, renderer: (token) => math(token as MathToken) })),
  });
  return {
    html(token) {
      if (token.type === 'math') return `<p>${math(token as MathToken)}</p>`;
      try {
        return marked.parser([token.type === 'text' ? { ...token, type: 'paragraph' } : token]);
      } catch {
        return `<p dir="auto">${escaped(token.raw)}</p>`; // nested too deeply
      }
    },
  };
}
