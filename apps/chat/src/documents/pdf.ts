/** PDF files, read by pdf.js in a worker of its own. This file is loaded with the first of them. */
import { getDocument, PDFWorker, type PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import workerAddress from 'pdfjs-dist/legacy/build/pdf.worker.min.mjs?url';
import type { DocumentPart } from '../storage/types.ts';
import { DocumentError } from './errors.ts';
import { pageText, type TextPiece } from './pdf_text.ts';
import type { ReadOptions } from './types.ts';

const mostPages = 5_000;

/** Why a file cannot be opened, by the name of pdf.js's error. */
const reasons: Readonly<Record<string, string>> = {
  PasswordException: 'is locked with a password; attach a copy without one.',
  InvalidPDFException: 'is damaged, or no PDF.',
};

export async function pdfParts(file: File, { signal, onProgress }: ReadOptions): Promise<DocumentPart[]> {
  const port = new Worker(workerAddress, { type: 'module', name: 'thimble pdf' });
  const worker = PDFWorker.create({ port });
  const data = new Uint8Array(await file.arrayBuffer());
  const loading = getDocument({ data, worker, isEvalSupported: false, useSystemFonts: false, disableFontFace: true });
  try {
    const pdf = await loading.promise;
    if (pdf.numPages > mostPages)
      throw new DocumentError(
        `${file.name} has ${pdf.numPages} pages; at most ${mostPages} can be read. Attach a part.`,
      );
    const parts: DocumentPart[] = [];
    for (let n = 1; n <= pdf.numPages; n++) {
      signal?.throwIfAborted();
      const page = await pdf.getPage(n);
      parts.push({ place: `page ${n}`, text: pageText(await piecesOf(page)) });
      page.cleanup();
      onProgress?.(n, pdf.numPages);
    }
    return parts;
  } catch (error) {
    throw told(error, file.name);
  } finally {
    await loading.destroy().catch(() => undefined);
    worker.destroy();
    port.terminate();
  }
}

/** WebKit cannot iterate streams, which `getTextContent` does. */
async function piecesOf(page: PDFPageProxy): Promise<TextPiece[]> {
  const reader = (page.streamTextContent() as ReadableStream<{ readonly items: readonly object[] }>).getReader();
  const pieces: TextPiece[] = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return pieces;
    pieces.push(...(value.items.filter((item) => 'str' in item) as TextPiece[]));
  }
}

function told(error: unknown, fileName: string): unknown {
  const { name, message } = error as Error;
  if (error instanceof DocumentError || name === 'AbortError') return error;
  return new DocumentError(`${fileName} ${reasons[name] ?? `cannot be read: ${message}.`}`, { cause: error });
}
