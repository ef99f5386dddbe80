import { FormatError } from '../base/errors.ts';
import { smallest } from '../base/numbers.ts';
import type { Graph, Step, StepText, Value } from '../graph/graph.ts';
import { RING_BLOCK } from '../graph/layer_state.ts';
import { embed } from '../ops/embed.ts';
import { pool } from '../ops/pool.ts';

/** What every backend checks before it runs or reads, since ops and kernels check nothing. */

/** Values that can be read after a run: the results, which no node reads, and those to keep. */
export function readableValues({ nodes }: Graph, keep: readonly Value[] = []): ReadonlySet<Value> {
  const made = nodes.map(({ out }) => out).filter(({ role }) => role === 'activation');
  const unknown = keep.find((value) => !made.includes(value));
  if (unknown) throw new TypeError(`${unknown.name} cannot be kept: no node of this graph makes it`);
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  return new Set([...made.filter((value) => !used.has(value)), ...keep]);
}

/** @throws TypeError for a value that is gone after a run. */
export function checkReadable(readable: ReadonlySet<Value>, value: Value): void {
  if (readable.has(value)) return;
  const why =
    value.role === 'activation' ? 'was not kept, its memory is used again within a run' : `is a ${value.role}`;
  throw new TypeError(`${value.name} ${why}; results can be read, and activations that prepare(graph, { keep }) lists`);
}

/** The error for a step that made keys or values which their cache cannot hold. */
export function notHeld({ name, quant }: Value): FormatError {
  const [kind, layer] = name.split('.');
  const what = `layer ${layer} made ${kind === 'k' ? 'keys' : 'values'}`;
  const most = { f16: '65504', q8_0: '8320913' }[quant.name];
  if (most === undefined)
    return new FormatError(`${what} that are infinite or NaN, expected finite numbers; damaged weights?`);
  return new FormatError(
    `${what} that are NaN or beyond ±${most}, the most that a cache of type ${quant.name} holds; open the model with kvType 'f32'`,
  );
}

/** @throws TypeError for a program that was disposed. */
export function checkAlive(disposed: boolean): void {
  if (disposed) throw new TypeError('the program was disposed; prepare the graph again');
}

/** Makes the check of a graph's steps. */
export function stepCheck(graph: Graph): (step: Step) => void {
  const { nodes, nCtx, maxTokens, maxLogits } = graph;
  const pools = nodes.some(({ op }) => op === pool);
  const tables = nodes.filter(({ op }) => op === embed).map(({ inputs }) => inputs[0]!.shape[0]!);
  const nVocab = smallest(tables);
  return ({ tokens, pos, nLogits, texts }) => {
    const n = tokens.length;
    if (n < 1 || n > maxTokens) throw new RangeError(`a step of ${n} tokens, expected 1 to ${maxTokens}`);
    if (!(pos >= 0 && pos + n <= nCtx)) throw new RangeError(`positions ${pos} to ${pos + n}, the cache holds ${nCtx}`);
    if (!(nLogits >= 0 && nLogits <= Math.min(n, maxLogits))) {
      throw new RangeError(`${nLogits} rows of logits from ${n} tokens, expected 0 to ${Math.min(n, maxLogits)}`);
    }
    if (texts) checkTexts(texts, n, graph);
    if (pools && nLogits > (texts?.length ?? 1)) throw new RangeError(`${nLogits} rows of fewer texts`);
    for (let i = 0; i < n; i++) {
      const token = tokens[i]!;
      if (token < 0 || token >= nVocab) throw new RangeError(`token ${token}, expected 0 to ${nVocab - 1}`);
    }
  };
}

/** The texts of a step follow each other in its rows, and in the caches. */
function checkTexts(texts: readonly StepText[], nTokens: number, { nCtx, maxTexts = 0 }: Graph): void {
  let [row, free] = [0, 0];
  const fit = texts.every(({ first, nTokens, pos, base }) => {
    const isBehind = first === row && base >= free && base % RING_BLOCK === 0 && nTokens >= 1 && pos >= 0;
    row += nTokens;
    free = base + pos + nTokens;
    return isBehind && free <= nCtx;
  });
  if (fit && row === nTokens && texts.length <= maxTexts) return;
  throw new RangeError(`${texts.length} texts do not fit a step of ${nTokens} tokens and at most ${maxTexts} texts`);
}
