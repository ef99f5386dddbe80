/** What goes wrong with what is kept. The message is for the user. */

export type StorageProblem = 'full' | 'blocked' | 'gone' | 'damaged';

export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly problem: StorageProblem;

  constructor(problem: StorageProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}

/** A file that is no export, or a damaged one. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}
