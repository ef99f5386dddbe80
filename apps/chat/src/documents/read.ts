import { DocumentError } from './errors.ts';
import { markdownParts } from './markdown_parts.ts';
import type { ReadOptions, ReadText } from './types.ts';
import type { DocumentPart, StoredDocument } from '../storage/types.ts';

/** What file pickers should offer. */
export const documentTypes =
  '.txt,.text,.md,.markdown,.pdf,.csv,.tsv,.json,.log,.xml,.html,.yaml,.yml,text/*,application/pdf';

/** A book has 1 MB of text; a phone holds so much. */
const mostBytes = { text: 20 * 2 ** 20, pdf: 200 * 2 ** 20 };

/** @throws DocumentError for what is no text, is locked, too long or damaged; AbortError on `signal`. */
export async function readDocument(file: File, options: ReadOptions = {}): Promise<ReadText> {
  const { name, size: sizeBytes } = file;
  if (sizeBytes === 0) throw new DocumentError(`${name} is empty.`);
  const begin = new Uint8Array(await file.slice(0, 1024).arrayBuffer());
  const kind = kindOf(name, begin);
  const most = kind === 'pdf' ? mostBytes.pdf : mostBytes.text;
  if (sizeBytes > most)
    throw new DocumentError(
      `${name} has ${megabytes(sizeBytes)} MB; at most ${megabytes(most)} MB can be read. Attach a part of it.`,
    );
  const parts = await readers[kind](file, options);
  const filled = parts.filter(({ text }) => text.trim() !== '');
  if (filled.length === 0) throw new DocumentError(emptyBecause(name, kind));
  return { name, kind, sizeBytes, parts: filled };
}

const megabytes = (nBytes: number): number => Math.ceil(nBytes / 2 ** 20);

function kindOf(name: string, begin: Uint8Array): StoredDocument['kind'] {
  if (new TextDecoder('latin1').decode(begin).includes('%PDF-')) return 'pdf';
  return /\.(md|markdown|mdx)$/i.test(name) ? 'markdown' : 'text';
}

const emptyBecause = (name: string, kind: StoredDocument['kind']): string =>
  kind === 'pdf'
    ? `${name} has pictures of pages and no text; have its text recognised first.`
    : `${name} has no text.`;

type Reader = (file: File, options: ReadOptions) => Promise<DocumentPart[]>;

const readers: Readonly<Record<StoredDocument['kind'], Reader>> = {
  text: async (file) => [{ place: '', text: await textOf(file) }],
  markdown: async (file) => markdownParts(await textOf(file)),
  pdf: async (file, options) => (await import('./pdf.ts')).pdfParts(file, options),
};

const marksOfOrder: readonly { readonly bytes: readonly number[]; readonly encoding: string }[] = [
  { bytes: [0xef, 0xbb, 0xbf], encoding: 'utf-8' },
  { bytes: [0xff, 0xfe], encoding: 'utf-16le' },
  { bytes: [0xfe, 0xff], encoding: 'utf-16be' },
];

/** UTF-8, UTF-16 that says so, or what Windows wrote before. */
async function textOf(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const marked = marksOfOrder.find((mark) => mark.bytes.every((byte, i) => bytes[i] === byte));
  const text = marked ? new TextDecoder(marked.encoding).decode(bytes) : unmarked(bytes);
  if (text.includes('\0'))
    throw new DocumentError(`${file.name} is no text. Text, Markdown and PDF files can be read.`);
  return text.replaceAll(/\r\n?/g, '\n');
}

function unmarked(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
