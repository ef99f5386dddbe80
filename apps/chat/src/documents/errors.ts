/** A document that cannot be read. The message is for the user. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError';
}
