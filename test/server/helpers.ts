/** Models behind the function and behind HTTP, for clients as they are. */
import { openModel, type Model, type OpenModelOptions } from 'thimble';
import { listen } from '../../apps/cli/serve/http.ts';
import { serve, type ServeOptions } from 'thimble/server';
import { scriptedModel, type Script } from '../helpers/scripted_model.ts';
import { stories260kGguf } from '../helpers/stories260k.ts';

/** stories260K with a chat template. */
export const openStories = async (options: OpenModelOptions = {}): Promise<Model> =>
  openModel(await stories260kGguf(), { threads: 1, nCtx: 512, chatTemplate: 'chatml', ...options });

/** A template that marks thoughts, and a model that has some. */
export const thinking: Script = {
  template:
    '{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}',
  says: [['<think>', 4], 'I', ' wonder', '.', ['</think>', 4], 'The', ' answer', '.', ['<|end|>', 3]],
};

export const openThinking = async (options: OpenModelOptions = {}): Promise<Model> =>
  openModel(await scriptedModel(thinking), { threads: 1, ...options });

export interface Listening {
  readonly address: string;
  close(): Promise<void>;
}

/** A server at an address of its own, with models that are open. */
export async function startServer(options: ServeOptions): Promise<Listening> {
  const server = serve({ origins: [], ...options });
  const { address, close } = await listen(server.fetch, { host: '127.0.0.1', port: 0 });
  return {
    address,
    close: async () => {
      await Promise.all([close(), server.close()]);
    },
  };
}

export const ask = (fetch: Model['fetch'], path: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
  fetch(path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body), ...init });

/** The events of a stream of server-sent ones, the last excepted. */
export async function eventsOf(response: Response): Promise<Record<string, unknown>[]> {
  const lines = (await response.text())
    .split('\n')
    .filter((line) => line.startsWith('data: ') && line !== 'data: [DONE]');
  return lines.map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>);
}
