import { modelOf, type Context } from '../context.ts';
import { HttpError } from '../http_error.ts';
import { json, plainText } from '../respond.ts';
import type { Held } from '../served.ts';

export const root = (): Response => plainText('thimble is running');

export const health = (): Response => json({ status: 'ok' });

export function metrics({ metrics: all, served }: Context): Response {
  const response = plainText(all.text(served.running()), 'text/plain; version=0.0.4; charset=utf-8');
  response.headers.set('Process-Start-Time-Unix', String(all.startedAt));
  return response;
}

/** The model that `?model=` names, or the one there is. One of several is not opened for this: another one might have to go. */
async function openOne(context: Context): Promise<Held> {
  const { served, url } = context;
  const name = url.searchParams.get('model') ?? undefined;
  const bare = name?.replace(/:latest$/, '');
  const isIn = (models: readonly { readonly name: string }[]) =>
    models.some((each) => each.name === name || each.name === bare);
  const listed = await served.list();
  if (listed.length > 1 && isIn(listed) && !isIn(served.running()))
    throw new HttpError(503, `${name} is not open; a request for an answer opens it`);
  return modelOf(context, name);
}

/** What the server does with a request that says nothing else; of the model that `?model=` names, or the one there is. */
export async function props(context: Context): Promise<Response> {
  const { model, name, slots } = await openOne(context);
  const { info } = model;
  const file = (await context.served.list()).find((listed) => listed.name === name)?.file;
  const sampling = { ...info.sampling, ...context.defaults };
  return json({
    default_generation_settings: {
      n_ctx: info.nCtx,
      params: {
        seed: sampling.seed ?? -1,
        temperature: sampling.temperature ?? null,
        top_k: sampling.topK ?? null,
        top_p: sampling.topP ?? null,
        min_p: sampling.minP ?? null,
        repeat_penalty: sampling.repeatPenalty ?? null,
        n_predict: sampling.maxTokens ?? -1,
        stop: sampling.stop ?? [],
      },
    },
    total_slots: slots.nSlots,
    model_alias: name,
    model_path: file ?? name,
    modalities: { vision: false, audio: false },
    build_info: `thimble, ${info.backend}`,
    is_sleeping: false,
  });
}

/** What each session does. */
export async function slots(context: Context): Promise<Response> {
  const { model, slots: pool } = await openOne(context);
  const { nCtx: n_ctx } = model.info;
  return json(pool.areBusy.map((is_processing, id) => ({ id, n_ctx, speculative: false, is_processing })));
}
