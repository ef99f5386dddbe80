import type { GgufTensor } from '../gguf/read.ts';
import { isRecorded } from '../models/weight_finder.ts';
import { quantByName } from '../quants/index.ts';
import type { QuantType } from '../quants/quant_type.ts';
import type { HeaderPlanner } from './memory_needed.ts';

/** A file that people share, the largest first: types of most matrices, of those that matter more, and of the token table. */
const mixes = [
  { type: 'Q8_0', most: 'q8_0', more: 'q8_0', table: 'q8_0' },
  { type: 'Q6_K', most: 'q6_k', more: 'q6_k', table: 'q6_k' },
  { type: 'Q5_K_M', most: 'q5_k', more: 'q6_k', table: 'q6_k' },
  { type: 'Q4_K_M', most: 'q4_k', more: 'q6_k', table: 'q6_k' },
  { type: 'Q3_K_M', most: 'q3_k', more: 'q5_k', table: 'q6_k' },
  { type: 'Q2_K', most: 'q2_k', more: 'q3_k', table: 'q6_k' },
] as const;

type Mix = (typeof mixes)[number];

/** What matrices get whose rows are no whole super-blocks. */
const fallbacks: Readonly<Record<string, string>> = {
  q6_k: 'q8_0',
  q5_k: 'q5_1',
  q4_k: 'q5_0',
  q3_k: 'q4_0',
  q2_k: 'q4_0',
};

/** The largest mix, below the file's own size, that is small enough. Bytes are estimated from the header: each weight as its type keeps it. */
export async function smallerTypes(
  planner: HeaderPlanner,
  isSmallEnough: (planner: HeaderPlanner) => boolean,
): Promise<{ readonly type: string; readonly planner: HeaderPlanner } | undefined> {
  for (const mix of mixes) {
    const other = await planner.withTypes((tensor) => typeIn(mix, tensor));
    if (isSmallEnough(other)) return { type: mix.type, planner: other };
  }
  return undefined;
}

/** Types never get larger than they are. */
function typeIn(mix: Mix, { name, shape, quant }: GgufTensor): QuantType {
  if (shape.length < 2 || isRecorded(name) || /(_norm|_inp)\.weight$|\.bias$/.test(name)) return quant;
  const wanted = quantByName.get(stemOf(mix, name))!;
  const fits = shape.at(-1)! % wanted.blockSize === 0;
  const type = fits ? wanted : quantByName.get(fallbacks[wanted.name] ?? '')!;
  return type && bitsOf(type) < bitsOf(quant) ? type : quant;
}

const bitsOf = ({ blockBytes, blockSize }: QuantType): number => (8 * blockBytes) / blockSize;

/** Every other layer's values and ways down get more bits. */
function stemOf({ most, more, table }: Mix, name: string): string {
  if (/^(token_embd|output)\.weight$/.test(name)) return table;
  const layer = /^blk\.(\d+)\.(attn_v|ffn_down)\b/.exec(name)?.[1];
  return layer !== undefined && Number(layer) % 2 === 0 ? more : most;
}
