import type { Best } from '../../base/best.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { scale } from '../../ops/scale.ts';
import { quantByName } from '../../quants/index.ts';
import { asError } from '../../base/errors.ts';
import type { Program } from '../backend.ts';
import type { KernelCheck } from '../../platform/gpu.ts';

/** How many are looked for: one, and more than a usual draw keeps. */
const TRIALS = [1, 50];

/** Looks for the best of numbers that are known, in a row as long as the model's. Where they are not found, whole rows are read. */
export async function checkBest(prepare: (graph: Graph) => Program, nVocab: number): Promise<KernelCheck> {
  const check = { kernel: 'best_parts + best_one + best_floor + best_list', nPipelines: 4 };
  const row = knownRow(nVocab);
  const program = prepare(rowGraph(row));
  try {
    for (const nBest of TRIALS.filter((n) => n <= nVocab)) {
      await program.run({ tokens: new Int32Array(1), pos: 0, nLogits: 1, nBest });
      const best = program.readBest!();
      if (!best || !areBest(best, row, nBest)) return { ...check, refused: `of ${nVocab} numbers it misses the best` };
    }
    return { ...check, error: 0 };
  } catch (error) {
    return { ...check, refused: `it does not run: ${asError(error).message}` };
  } finally {
    program.dispose();
  }
}

/** Numbers between -8 and 8, some of them equal. */
const knownRow = (n: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >> 22) / 64);

/** Makes a row the logits of any token. */
function rowGraph(row: Float32Array): Graph {
  const quant = quantByName.get('f32')!;
  const [shape, rows] = [[1, row.length], 'logits'] as const;
  const known: Value = { name: 'known numbers', quant, shape, rows, role: 'constant', data: row };
  const logits: Value = { name: 'logits', quant, shape, rows, role: 'activation' };
  const nodes = [{ op: scale, out: logits, inputs: [known], params: { by: 1 } }];
  return { nodes, logits, nCtx: 1, maxTokens: 1, maxLogits: 1 };
}

/** Whether these are numbers of the row, at least so many, and no other is before the last of them. */
function areBest({ n, tokens, logits }: Best, row: Float32Array, nBest: number): boolean {
  const listed = tokens.subarray(0, n);
  const floor = logits.subarray(0, n).reduce((least, logit) => Math.min(least, logit), Infinity);
  if (nBest === 1) return n === 1 && listed[0] === row.indexOf(floor) && row.every((logit) => logit <= floor);
  const areTheirs = listed.every((token, i) => row[token] === logits[i]) && new Set(listed).size === n;
  return areTheirs && n >= nBest && n === row.reduce((count, logit) => count + (logit >= floor ? 1 : 0), 0);
}
