import type { DocumentPart, SourcePlace, StoredDocument } from '../storage/types.ts';

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Pages of a PDF. */
  readonly onProgress?: (nDone: number, nTotal: number) => void;
}

/** A document without what the storage adds. */
export interface ReadText {
  readonly name: string;
  readonly kind: StoredDocument['kind'];
  readonly sizeBytes: number;
  readonly parts: readonly DocumentPart[];
}

export interface ChooseOptions {
  /** So much of the prompt may be passages. */
  readonly maxTokens: number;
  /** The model's count; it is called for the few passages that are candidates. */
  readonly countTokens: (text: string) => Promise<number>;
  readonly signal?: AbortSignal;
}

export interface PassageSearch {
  /**
   * What of the documents helps with the question: all of them where that fits, else the best passages, else some from everywhere. In the
   * order of the documents.
   */
  choose(question: string, documents: readonly StoredDocument[], options: ChooseOptions): Promise<SourcePlace[]>;
}
