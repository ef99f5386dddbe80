import { bodyOf, modelOf, type Context } from '../context.ts';
import { asked } from '../http_error.ts';
import { boolean, list, needed, object, readParameters, text, whole } from '../parameters.ts';
import { json } from '../respond.ts';
import { messages, tools } from '../openai/messages.ts';

const tokenizeTable = {
  model: { check: text },
  content: { check: text },
  add_special: { check: boolean },
  parse_special: { check: boolean },
  with_pieces: { check: boolean },
} as const;

export async function tokenize(context: Context): Promise<Response> {
  const { given } = readParameters(await bodyOf(context), tokenizeTable, 'ignore');
  const { add_special = false, parse_special: special = true, with_pieces = false } = given;
  const { model } = await modelOf(context, given.model);
  const bos = add_special && model.info.bosToken !== undefined;
  const tokens = await asked(model.tokenize({ text: given.content ?? '', special, bos }));
  if (!with_pieces) return json({ tokens });
  const distinct = [...new Set(tokens)];
  const bytes = await model.tokenBytes(distinct);
  const pieces = new Map(distinct.map((id, i) => [id, pieceOf(bytes[i]!)]));
  return json({ tokens: tokens.map((id) => ({ id, piece: pieces.get(id)! })) });
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text, or bytes where it is no whole characters. */
function pieceOf(bytes: Uint8Array): string | number[] {
  try {
    return strict.decode(bytes);
  } catch {
    return Array.from(bytes);
  }
}

export async function detokenize(context: Context): Promise<Response> {
  const table = { model: { check: text }, tokens: { check: list(whole(0)) } } as const;
  const { given } = readParameters(await bodyOf(context), table, 'ignore');
  const { model } = await modelOf(context, given.model);
  return json({ content: await asked(model.detokenize(given.tokens ?? [], { special: true })) });
}

/** The text that a conversation becomes. */
export async function applyTemplate(context: Context): Promise<Response> {
  const table = {
    model: { check: text },
    messages: { check: messages },
    tools: { check: tools },
    chat_template_kwargs: { check: object },
  } as const;
  const { given } = readParameters(await bodyOf(context), table, 'ignore');
  const { model } = await modelOf(context, given.model);
  const prompt = {
    messages: needed(given.messages, 'messages'),
    ...(given.tools?.length && { tools: given.tools }),
    ...(given.chat_template_kwargs && { templateVars: given.chat_template_kwargs }),
  };
  const tokens = await asked(model.tokenize(prompt));
  const hasBos = tokens[0] === model.info.bosToken;
  return json({ prompt: await model.detokenize(hasBos ? tokens.slice(1) : tokens, { special: true }) });
}
