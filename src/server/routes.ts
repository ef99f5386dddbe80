import type { Context } from './context.ts';
import { HttpError, type Api } from './http_error.ts';
import { chatCompletions, countChatTokens } from './openai/chat.ts';
import { completions } from './openai/completions.ts';
import { embeddings } from './openai/embeddings.ts';
import { listModels, oneModel } from './openai/models.ts';
import { rerank } from './openai/rerank.ts';
import { createResponse, deleteResponse, getResponse } from './openai/responses.ts';
import { chat } from './ollama/chat.ts';
import { embed, oldEmbeddings } from './ollama/embed.ts';
import { generate } from './ollama/generate.ts';
import { ps, pull, show, tags, version } from './ollama/models.ts';
import { completion } from './llama/completion.ts';
import { applyTemplate, detokenize, tokenize } from './llama/tokens.ts';
import { health, metrics, props, root, slots } from './llama/status.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** A path that ends in a slash takes what is behind it as the name of something. */
  readonly paths: readonly string[];
  readonly api: Api;
  /** No key is needed. */
  readonly isPublic?: true;
  handle(context: Context): Promise<Response> | Response;
}

const post = (api: Api, handle: Route['handle'], ...paths: string[]): Route => ({ method: 'POST', paths, api, handle });
const get = (api: Api, handle: Route['handle'], ...paths: string[]): Route => ({ method: 'GET', paths, api, handle });

/** Everything that is answered. Paths without `/v1` are llama-server's: errors have its shape there. */
export const routes: readonly Route[] = [
  post('openai', chatCompletions, '/v1/chat/completions'),
  post('llama', chatCompletions, '/chat/completions'),
  post('openai', countChatTokens, '/v1/chat/completions/input_tokens'),
  post('llama', countChatTokens, '/chat/completions/input_tokens'),
  post('openai', completions, '/v1/completions'),
  post('openai', createResponse, '/v1/responses'),
  post('llama', createResponse, '/responses'),
  get('openai', getResponse, '/v1/responses/'),
  { method: 'DELETE', paths: ['/v1/responses/'], api: 'openai', handle: deleteResponse },
  post('openai', embeddings, '/v1/embeddings'),
  post('llama', embeddings, '/embeddings', '/embedding'),
  post('openai', rerank, '/v1/rerank', '/v1/reranking'),
  post('llama', rerank, '/rerank', '/reranking'),
  get('openai', listModels, '/v1/models'),
  get('llama', listModels, '/models'),
  get('openai', oneModel, '/v1/models/'),

  post('ollama', chat, '/api/chat'),
  post('ollama', generate, '/api/generate'),
  post('ollama', embed, '/api/embed'),
  post('ollama', oldEmbeddings, '/api/embeddings'),
  get('ollama', tags, '/api/tags'),
  get('ollama', ps, '/api/ps'),
  post('ollama', show, '/api/show'),
  post('ollama', pull, '/api/pull'),
  get('ollama', version, '/api/version'),

  { ...get('llama', root, '/'), isPublic: true },
  { ...get('llama', health, '/health', '/v1/health'), isPublic: true },
  get('llama', props, '/props'),
  get('llama', slots, '/slots'),
  get('llama', metrics, '/metrics'),
  post('llama', completion, '/completion', '/completions'),
  post('llama', tokenize, '/tokenize'),
  post('llama', detokenize, '/detokenize'),
  post('llama', applyTemplate, '/apply-template'),
];

export interface Found {
  readonly route: Route;
  readonly rest: string;
  readonly url: URL;
}

const isPrefix = (path: string): boolean => path.endsWith('/') && path !== '/';

function restOf(path: string, wanted: string): string | undefined {
  if (path === wanted) return isPrefix(wanted) ? undefined : '';
  if (!isPrefix(wanted) || !path.startsWith(wanted)) return undefined;
  try {
    return decodeURIComponent(path.slice(wanted.length));
  } catch {
    return path.slice(wanted.length);
  }
}

/** @throws HttpError where there is none, or not for this method */
export function findRoute(method: string, path: string, url: URL): Found {
  const wanted = method === 'HEAD' ? 'GET' : method;
  const plain = path.length > 1 ? path.replace(/\/+$/, '') : path;
  const found = routes.flatMap((route) => {
    const rest = route.paths.map((each) => restOf(plain, each)).find((each) => each !== undefined);
    return rest === undefined ? [] : [{ route, rest, url }];
  });
  if (found.length === 0)
    throw new HttpError(404, `there is nothing at ${path.slice(0, 200)}`, { code: 'unknown_url' });
  const right = found.find(({ route }) => route.method === wanted || method === 'OPTIONS');
  if (right) return right;
  const allowed = [...new Set(found.map(({ route }) => route.method))].join(', ');
  throw new HttpError(405, `${path} takes ${allowed}, and ${method.slice(0, 20)} came`, {
    headers: { Allow: allowed },
  });
}
