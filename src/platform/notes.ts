/**
 * What the library measured here before, for the next time: plain data by name. Whoever reads a note checks it, because it may be of another
 * version. Notes can be deleted at any time, and where none can be kept, nothing fails.
 */
export interface Notes {
  /** Undefined where there is no such note. */
  read(name: string): Promise<unknown>;
  write(name: string, value: unknown): Promise<void>;
}
