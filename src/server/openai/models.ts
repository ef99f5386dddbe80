/** `/v1/models`. */
import type { Context } from '../context.ts';
import { HttpError } from '../http_error.ts';
import { json } from '../respond.ts';
import type { ListedModel } from '../served.ts';

const spelled = ({ name, addedAt = 0 }: ListedModel) => ({
  id: name,
  object: 'model',
  created: Math.floor(addedAt / 1000),
  owned_by: 'thimble',
});

export async function listModels({ served }: Context): Promise<Response> {
  return json({ object: 'list', data: (await served.list()).map(spelled) });
}

export async function oneModel({ served, rest }: Context): Promise<Response> {
  const found = (await served.list()).find(({ name }) => name === rest);
  if (!found)
    throw new HttpError(404, `The model '${rest.slice(0, 200)}' does not exist`, {
      code: 'model_not_found',
      param: 'model',
    });
  return json(spelled(found));
}
