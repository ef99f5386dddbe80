/** `/api/generate`. */
import { thinkingVars } from '../../chat/thinking_vars.ts';
import type { Prompt } from '../../protocol/open.ts';
import { begin } from '../answer.ts';
import { bodyOf, modelOf, type Context } from '../context.ts';
import { HttpError } from '../http_error.ts';
import { boolean, needed, readParameters, refused, text, whole } from '../parameters.ts';
import { tell } from './answers.ts';
import { loaded } from './chat.ts';
import { format, optionsOf, shared, think } from './options.ts';

const table = {
  ...shared,
  prompt: { check: text },
  system: { check: text },
  raw: { check: boolean },
  format: { check: format },
  think: { check: think },
  logprobs: { check: boolean },
  top_logprobs: { check: whole(0, 20) },
  suffix: refused('no model here fills in the middle of a text'),
  images: refused('models read text alone here'),
  template: refused("the model's own is used; give raw: true and a prompt that is formatted already"),
  context: refused('give the conversation to /api/chat'),
} as const;

export async function generate(context: Context): Promise<Response> {
  const startMs = performance.now();
  const { given } = readParameters(await bodyOf(context), table, 'ignore');
  const { prompt = '', system, raw = false } = given;
  const held = await modelOf(context, needed(given.model, 'model'), given.keep_alive);
  if (prompt === '') return loaded(held.name, given.keep_alive, { response: '' });
  const isRaw = raw || held.model.info.noChat !== undefined; // a model without a template goes on from the text, as there
  if (isRaw && !raw && system)
    throw new HttpError(400, `${held.name} has no chat template, and so no place for 'system'; write it into 'prompt'`);
  if (isRaw && !raw && given.think)
    throw new HttpError(400, `${held.name} has no chat template that could tell it to think; leave 'think' out`);
  const templateVars = given.think === undefined ? undefined : thinkingVars(given.think);
  const asked: Prompt = isRaw
    ? { text: prompt, special: true, bos: held.model.info.bosToken !== undefined }
    : {
        messages: [...(system ? [{ role: 'system', content: system }] : []), { role: 'user', content: prompt }],
        ...(templateVars && { templateVars }),
      };
  const options = {
    ...optionsOf(given.options, held.model),
    ...(given.format !== undefined && { schema: given.format }),
    ...(given.logprobs && { logProbs: given.top_logprobs ?? 0 }),
    thinking: isRaw ? ('inline' as const) : ('split' as const),
  };
  const answering = await begin(context, held, { prompt: asked, options });
  return tell(context, answering, {
    ...{ held, startMs, isStream: given.stream ?? true, isScored: given.logprobs ?? false },
    said: ({ text: response, thinking }) => ({ response, ...(thinking !== '' && { thinking }) }),
  });
}
