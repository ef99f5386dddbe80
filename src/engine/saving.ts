/** How a session is saved. */
export interface SaveOptions {
  /** Whether the states go along; with `auto`, where they are worth it. Default true. */
  readonly state?: boolean | 'auto';
  /** A text of the caller's, to be found beside it. */
  readonly note?: string | undefined;
}

/** What is read again as quickly is worth no bytes. */
const QUICK_SECONDS = 0.5;

/**
 * The bytes of states that are worth a second of reading. Storage takes ten times as many in a second (phones: 200 MB, the machine here
 * 2 GB), and what is saved after every answer is read back now and then.
 */
const BYTES_PER_SECOND = 20e6;

/** Whether states should be saved with a text: reading it again takes long, and they are small. */
export const isWorthSaving = (readSeconds: number, stateBytes: number): boolean =>
  readSeconds > Math.max(QUICK_SECONDS, stateBytes / BYTES_PER_SECOND);
