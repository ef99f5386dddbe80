import { ResourceError, UnsupportedError } from '../base/errors.ts';

export interface ErrorDetails {
  /** The parameter that is at fault. */
  readonly param?: string;
  /** OpenAI's word for it. */
  readonly code?: string;
  /** What programs read beside the message. */
  readonly more?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a request is answered with where it cannot be done. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly details: ErrorDetails;

  constructor(status: number, message: string, details: ErrorDetails = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }

  /** The message as clients read it: what fails in here may name folders, which are nobody else's business. The log has them. */
  get told(): string {
    return this.status < 500 ? this.message : this.message.replaceAll(folders, '');
  }
}

/** What stands before a file's name, in a path from the root. */
const folders = /(?<![\w:/\\.])(?:[A-Za-z]:)?[/\\](?:[^\s/\\'"]+[/\\])*(?=[^\s/\\'"])/g;

const contextFull = /^the prompt has (\d+) tokens, the context (\d+)/;

/** Whoever has the model has closed it: nothing that a client could do otherwise. */
const closed = /^the (model|session) is closed/;

/** TypeErrors and RangeErrors of JavaScript itself, which begin otherwise than the library's: memory, the network, a mistake in here. */
const ofTheEngine =
  /allocation failed|out of memory|^Cannot |^Invalid |^fetch failed|^Failed to |^Load failed|NetworkError|is not a function|is not iterable|is not a constructor|^undefined is |^null is /i;

/** What the library says about what a client asked for. A TypeError or RangeError is then the client's mistake. */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof HttpError) return error;
  const [, nPromptTokens, nCtx] = contextFull.exec(error.message) ?? [];
  if (nCtx !== undefined) {
    const more = { n_prompt_tokens: Number(nPromptTokens), n_ctx: Number(nCtx) };
    const message = `the prompt has ${nPromptTokens} tokens, the context ${nCtx}; shorten it, or serve the model with a larger context`;
    return new HttpError(400, message, { code: 'context_length_exceeded', more });
  }
  if (closed.test(error.message)) return new HttpError(503, error.message, { headers: { 'Retry-After': '1' } });
  if (ofTheEngine.test(error.message)) return error;
  const isMistake = error instanceof TypeError || error instanceof RangeError || error instanceof UnsupportedError;
  return isMistake ? new HttpError(400, error.message) : error;
}

/** Asks the library: what it refuses is the client's mistake. */
export async function asked<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw refusalOf(error);
  }
}

/** Whatever was thrown, as an answer. */
export function httpErrorOf(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  if (name === 'TimeoutError') return new HttpError(504, message, { code: 'timeout' });
  if (name === 'AbortError') return new HttpError(499, 'the client is gone');
  if (error instanceof ResourceError) return new HttpError(503, message, { headers: { 'Retry-After': '1' } });
  return new HttpError(500, message);
}

/** The APIs that are spoken here. */
export type Api = 'openai' | 'llama' | 'ollama';

const openaiTypes: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};
const llamaTypes: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  501: 'not_supported_error',
  503: 'unavailable_error',
};
const typeOf = (types: Readonly<Record<number, string>>, status: number): string =>
  types[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');

/** How each API spells an error. */
export const errorBody: Readonly<Record<Api, (error: HttpError) => object>> = {
  openai: ({ status, told: message, details: { param = null, code = null, more } }) => ({
    error: { message, type: typeOf(openaiTypes, status), param, code, ...more },
  }),
  llama: ({ status, told: message, details: { code, more } }) => {
    const type = code === 'context_length_exceeded' ? 'exceed_context_size_error' : typeOf(llamaTypes, status);
    return { error: { code: status, message, type, ...more } };
  },
  ollama: ({ told: message }) => ({ error: message }),
};
