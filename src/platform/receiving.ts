import { tagOf } from '../base/checks.ts';

export interface DownloadProgress {
  readonly doneBytes: number;
  /** Undefined where the answer does not say. */
  readonly totalBytes: number | undefined;
  /** What follows is told of downloads into the store. */
  readonly state?: DownloadState;
  /** Of the last seconds. */
  readonly bytesPerSecond?: number;
  readonly secondsLeft?: number | undefined;
  /** What is waited for. */
  readonly reason?: string;
}

/**
 * `starting` until the server has said how long the file is; `checking` what lies there already; `running`; `waiting` for the network,
 * a server that wants patience, or another tab that downloads the same; `paused`; `done`.
 */
export type DownloadState = 'starting' | 'checking' | 'running' | 'waiting' | 'paused' | 'done';

export interface Receiving {
  readonly onDownload?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
}

export const isBytes = (source: unknown): source is ArrayBuffer | ArrayBufferView =>
  tagOf(source) === 'ArrayBuffer' || ArrayBuffer.isView(source);

export const isResponse = (source: unknown): source is Response =>
  typeof source === 'object' && source !== null && 'ok' in source && 'body' in source && 'headers' in source;
