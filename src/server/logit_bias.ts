import { HttpError } from './http_error.ts';
import { kindOf } from '../base/checks.ts';
import { number, whole, wrong, type Check } from './parameters.ts';
import type { ServedModel } from './served.ts';

/** Tokens, or texts whose tokens are meant, and what is added to their logits. */
export type Bias = readonly (readonly [token: number | string, bias: number])[];

/** OpenAI takes 300. Texts among them are tokenised one by one. */
const MAX_PAIRS = 10_000;

/** OpenAI's `{ "50256": -100 }`, or llama-server's `[[50256, -100], [" text", false]]`. */
export const bias: Check<Bias> = (value, name) => {
  const pairs: unknown[] = Array.isArray(value) ? value : pairsOf(value, name);
  if (pairs.length > MAX_PAIRS) throw wrong(name, value, `at most ${MAX_PAIRS} pairs, and ${pairs.length} came`);
  return pairs.map((pair, i) => {
    const where = `${name}[${i}]`;
    if (!Array.isArray(pair) || pair.length !== 2) throw wrong(where, pair, 'a pair of token and bias');
    const [token, given] = pair as [unknown, unknown];
    if (typeof token !== 'number' && typeof token !== 'string') throw wrong(where, token, 'a token or a text');
    if (given === false) return [token, -Infinity];
    return [token, number({ min: -1e6, max: 1e6 })(given, where)];
  });
};

function pairsOf(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null)
    throw new HttpError(400, `'${name}' is ${kindOf(value)}, expected an object`, { param: name });
  return Object.entries(value).map(([token, given]) => [/^\d+$/.test(token) ? Number(token) : token, given]);
}

/** The same in tokens alone. */
export async function biasOf(model: ServedModel, given: Bias): Promise<(readonly [number, number])[]> {
  const tokenIn = whole(0, model.info.nVocab - 1);
  const each = given.map(async ([token, added]) => {
    const tokens = typeof token === 'number' ? [tokenIn(token, 'logit_bias')] : await model.tokenize({ text: token });
    return tokens.map((one) => [one, added] as const);
  });
  return (await Promise.all(each)).flat();
}
