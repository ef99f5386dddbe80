import type { Program } from '../backends/backend.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** Makes one row of numbers of each text: what a model is for that has no logits. */
export class Embedder {
  private readonly graph: Graph;
  private readonly program: Program;
  private readonly tokenizer: Tokenizer;

  constructor(graph: Graph, program: Program, tokenizer: Tokenizer) {
    this.graph = graph;
    this.program = program;
    this.tokenizer = tokenizer;
  }

  /**
   * The tokens of a text, with what stands around it; of one that is too long, its beginning where `truncate` says so.
   * @throws RangeError for a text that is too long, or empty.
   */
  tokensOf(text: string | readonly number[], truncate: boolean): readonly number[] {
    const { addBos, addEos, eosToken } = this.tokenizer;
    const tokens = typeof text === 'string' ? this.tokenizer.encode(text, { bos: addBos, eos: addEos }) : text;
    const { nCtx } = this.graph;
    if (tokens.length === 0) throw new RangeError('a text without tokens has no embedding; give some text');
    if (tokens.length <= nCtx) return tokens;
    if (!truncate) {
      throw new RangeError(
        `a text of ${tokens.length} tokens, the model reads ${nCtx}; split it, or set truncate to true`,
      );
    }
    const ending = typeof text === 'string' && addEos ? [eosToken!] : [];
    return [...tokens.slice(0, nCtx - ending.length), ...ending];
  }

  /** `[nCols]`; of a model that gives a row for each token, their mean. */
  async embed(tokens: readonly number[]): Promise<Float32Array> {
    const { maxTokens, maxLogits, logits } = this.graph;
    const nCols = logits.shape[1]!;
    for (let pos = 0; pos < tokens.length; pos += maxTokens) {
      const step = Int32Array.from(tokens.slice(pos, pos + maxTokens));
      const isLast = pos + step.length === tokens.length;
      await this.program.run({ tokens: step, pos, nLogits: isLast ? Math.min(maxLogits, step.length) : 0 });
    }
    const rows = await this.program.read(logits);
    return Float32Array.from({ length: nCols }, (_, i) => meanOf(rows, nCols, i));
  }
}

/** Of a column. */
function meanOf(rows: Float32Array, nCols: number, column: number): number {
  let sum = 0;
  for (let i = column; i < rows.length; i += nCols) sum += rows[i]!;
  return (sum * nCols) / rows.length;
}
