/** An adapter among those that a model was opened with, by its name, and how much of it. */
export type AdapterUse = string | { readonly name: string; readonly scale?: number };

/** How an adapter is opened, besides where its bytes are. */
export interface AdapterOpening {
  /** What sessions call it. Default: the file's name without its ending. */
  readonly name?: string;
  /** How much of it is added in sessions that say nothing else; 0: nothing, until one does. Default 1. */
  readonly scale?: number;
  /** Of a control vector: the layers that it is added behind, both included. Default: all that it has. */
  readonly layers?: readonly [first: number, last: number];
}

/** What an adapter is. */
export interface AdapterInfo {
  readonly name: string;
  readonly kind: 'lora' | 'control vector';
  /** In sessions that say nothing else. */
  readonly scale: number;
  /** Bytes in the file. */
  readonly bytes: number;
  /** The largest of its products; 0 of a control vector. */
  readonly rank: number;
  /** What the file says that it is for, and what prompts should begin with; undefined where it says nothing. */
  readonly task: string | undefined;
  readonly promptPrefix: string | undefined;
}
