/** `thimble/server`: models as a function from Request to Response. */
import { ServedModels, type ServedModelsOptions } from './api/served_models.ts';
import { createHandler, type HandlerOptions } from './server/handler.ts';
import { asFetch, type FetchLike } from './server/model_fetch.ts';

export type { DescribedSource, NamedSources, ServedModelsOptions, ServedSource } from './api/served_models.ts';
export type { HandlerOptions, RequestNote } from './server/handler.ts';
export type { ToolChoice } from './chat/tools/tool.ts';
export type { ListedModel, ServedOptions } from './server/served.ts';
export type { FetchLike } from './server/model_fetch.ts';

export interface ServeOptions extends ServedModelsOptions, HandlerOptions {}

export interface Server {
  /** Answers a request, as `fetch` would. It may be called by itself. */
  readonly fetch: FetchLike;
  /** Lets what runs come to its end, takes no more, and closes the models that were opened here. */
  close(): Promise<void>;
}

/**
 * The APIs of OpenAI, Ollama and llama-server over models that are opened when a request asks for them. It listens nowhere: give `fetch` to
 * whatever takes requests, a service worker, Deno.serve, Bun.serve, a test; `thimble serve` puts Node's http around it.
 *
 *     const { fetch, close } = serve({ models: { small: 'small.gguf', other: { hf: 'org/repo/other.gguf' } } });
 */
export function serve(options: ServeOptions): Server {
  const models = new ServedModels(options);
  const handler = createHandler(models, options);
  const close = async (): Promise<void> => {
    await handler.drain();
    await models.close();
  };
  return { fetch: asFetch(handler), close };
}
