/** Documents that a user attaches: read, split and searched on this device. */
import type { DocumentPart, SourcePlace, StoredDocument } from '../storage/types.ts';

/** What file pickers should offer. */
export const documentTypes = '.txt,.md,.markdown,.pdf,.csv,.json,.log,text/*,application/pdf';

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Pages of a PDF. */
  readonly onProgress?: (nDone: number, nTotal: number) => void;
}

export type ReadText = Pick<StoredDocument, 'name' | 'kind' | 'sizeBytes'> & {
  readonly parts: readonly DocumentPart[];
};

export interface ChooseOptions {
  /** So much of the prompt may be passages. */
  readonly maxTokens: number;
  /** The model's count; it is called for the few passages that are candidates. */
  readonly countTokens: (text: string) => Promise<number>;
}

/** `readDocument(file, options): Promise<ReadText>`; rejects with a `DocumentError` whose message is for the user. */
export type ReadDocument = (file: File, options?: ReadOptions) => Promise<ReadText>;

/** `choosePassages(question, documents, options): Promise<SourcePlace[]>`: the best that fit, in the order of the documents. */
export type ChoosePassages = (
  question: string,
  documents: readonly StoredDocument[],
  options: ChooseOptions,
) => Promise<SourcePlace[]>;
