import { asError } from '../../base/errors.ts';
import { greatest, smallest } from '../../base/numbers.ts';
import type { Graph, Node, Step, Value } from '../../graph/graph.ts';
import { bytesOf, elementsOf } from '../../graph/tensor.ts';
import { add } from '../../ops/add.ts';
import { addProduct } from '../../ops/add_product.ts';
import { embed } from '../../ops/embed.ts';
import { matmul } from '../../ops/matmul.ts';
import { attention } from '../../ops/attention.ts';
import { colsOf, rowsOf } from '../../ops/op.ts';
import { rmsNorm } from '../../ops/rms_norm.ts';
import { pool } from '../../ops/pool.ts';
import type { Program, ReadTensor } from '../backend.ts';
import type { Call } from './calls.ts';
import { SPLIT_WORKGROUPS } from './lower_attention.ts';

/**
 * Each pipeline that a model needs runs once, on the model's own weights and numbers that are known, and is compared with plain loops on the
 * CPU. Of a matrix some rows are compared, which are read from the file once more: so the check is one of the upload, too.
 */

/** What came of a check. */
export interface Checked {
  /** Largest difference, relative to the largest magnitude that plain loops made; infinite where it failed otherwise. */
  readonly error: number;
  /** Why it could not run, where it could not. */
  readonly failure?: string;
}

export interface CheckHome {
  /** Makes a program of the nodes that calls do together, whose calls are those that are to be checked. */
  readonly prepare: (graph: Graph, keep?: readonly Value[]) => Program;
  readonly read: ReadTensor;
  /** Fails where the device refuses a command of `run`. */
  readonly watched: <T>(run: () => Promise<T>) => Promise<T>;
  /** @throws ResourceError where the device is gone: what failed then says nothing about a kernel. */
  readonly checkDevice: () => void;
  readonly limits: Pick<Graph, 'nCtx' | 'maxTokens' | 'maxLogits' | 'maxTexts'>;
}

/** Rows of a matrix that are compared, spread over all of them. */
const SAMPLED = 24;
/** Positions that a cache holds before a step of many rows: several blocks of attention's tiles. */
const HELD = 293;

/** Before a step of few: so many that each of attention's splits has a second block. */
const heldByFew = ({ op, inputs, params }: Node): number =>
  op === attention ? Math.ceil((SPLIT_WORKGROUPS * 64 * params['headDim']!) / colsOf(inputs[1]!)) + 37 : HELD;

/** Runs the call's nodes as a step in which it is made. @throws ResourceError where the device is gone */
export async function checkCall(call: Call, home: CheckHome): Promise<Checked> {
  const nRows = rowsFor(call, home.limits);
  if (nRows === 0) return { error: 0 }; // no step has rows for it
  try {
    return { error: await home.watched(() => errorOf(call.nodes ?? [call.node], nRows, home)) };
  } catch (error) {
    home.checkDevice();
    return { error: Infinity, failure: asError(error).message };
  }
}

/** Rows of steps of many: more than a tile of products has, or of attention, and a few left over. */
const MANY = { products: 67, others: 35 };

/** The rows of a step in which the call runs, as many as may be. */
function rowsFor(call: Call, { maxTokens, maxLogits }: CheckHome['limits']): number {
  const { from = 1, to = Infinity, rows, node, matrix } = call;
  const activations = [node.out, ...node.inputs].filter((value) => value.rows);
  const most = smallest(activations.map(({ shape }) => shape[0]!));
  const wanted = from === 1 ? 3 : Math.min(to - 1, matrix ? MANY.products : MANY.others);
  return Math.min(to, wanted, rows === 'tokens' ? maxTokens : maxLogits, most);
}

/** Numbers between -1 and 1, the same everywhere. */
export function numbers(n: number, seed: number): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  });
}

async function errorOf(nodes: readonly Node[], nRows: number, home: CheckHome): Promise<number> {
  const trial = trialOf(nodes, nRows, home.limits);
  const program = home.prepare(
    trial.graph,
    nodes.filter(({ op }) => op === add).map(({ out }) => out),
  );
  try {
    for (const [state, floats] of trial.states) {
      const rows = new Uint8Array(bytesOf(state, floats.length));
      state.quant.quantize!(floats, rows);
      state.quant.dequantize!(rows, floats); // as the cache holds them
      await program.writeState(state, 0, rows);
    }
    await program.run(trial.step);
    const errors: number[] = [];
    for (const wanted of await wantedOf(trial, home.read))
      errors.push(difference(await madeBy(program, wanted.out, trial.step), wanted));
    return greatest(errors);
  } finally {
    program.dispose();
  }
}

/** Nodes on their own, with numbers for all that they take. */
interface Trial {
  readonly graph: Graph;
  readonly step: Step;
  /** The first rows of its states: as many as the step sees. */
  readonly states: ReadonlyMap<Value, Float32Array>;
}

function trialOf(nodes: readonly Node[], nRows: number, limits: CheckHome['limits']): Trial {
  const states = new Map<Value, Float32Array>();
  const made = new Set(nodes.map(({ out }) => out));
  const inputs = new Set(nodes.flatMap((node) => node.inputs));
  const changed = new Set(nodes.flatMap((node) => (node.op.changes ?? []).map((i) => node.inputs[i]!)));
  const isCache = (input: Value): boolean => input.role === 'state' && !changed.has(input);
  const places = [...inputs].filter(isCache).map(({ shape }) => shape[0]!); // a ring has fewer
  const held = nRows > 3 ? HELD : greatest(nodes.map(heldByFew));
  const pos = smallest([held, limits.nCtx - nRows, ...places.map((n) => n - nRows)]);
  const numbered = new Map<Value, Value>();
  for (const input of inputs) {
    const seed = numbered.size + 1;
    const [rows, cols] = input.shape as [number, number];
    const seen = isCache(input) ? Math.min(rows, pos + nRows) : rows;
    const isTaken = input.role === 'activation' && !made.has(input);
    const chooser = nodes.find(({ op, inputs }) => inputs[choicesInput.get(op.name) ?? -1] === input);
    const some = (n: number): Float32Array => (chooser ? choices(chooser, n) : numbers(n * cols, seed));
    if (input.role === 'state') states.set(input, some(seen));
    numbered.set(input, isTaken ? { ...input, role: 'constant', data: some(rows) } : input);
  }
  const trials = nodes.map((node) => ({ ...node, inputs: node.inputs.map((input) => numbered.get(input)!) }));
  const { out, op } = nodes.at(-1)!;
  const table = nodes.find((node) => node.op === embed)?.inputs[0];
  const nVocab = table ? table.shape[0]! : 1;
  const tokens = Int32Array.from({ length: nRows }, (_, t) => Math.floor((t * (nVocab - 1)) / Math.max(1, nRows - 1)));
  const nLogits = Math.min(op === pool ? 1 : nRows, limits.maxLogits, out.shape[0]!);
  return { graph: { ...limits, nodes: trials, logits: out }, step: { tokens, pos, nLogits }, states };
}

/** By the op's name, which of its inputs are experts that were chosen: no numbers that one could make up. */
const choicesInput: ReadonlyMap<string, number> = new Map([
  ['matmul_experts', 2],
  ['mix_experts', 1],
  ['scale_experts', 1],
]);

/** `[nRows, 2 * nUsed]`: the first of all experts, the last, and others between. */
function choices({ op, inputs, params }: Node, nRows: number): Float32Array {
  const nUsed = params['nUsed']!;
  const nExperts = op.name === 'matmul_experts' ? inputs[0]!.shape[0]! : inputs[2] ? colsOf(inputs[2]) : nUsed;
  const every = Math.max(1, Math.floor(nExperts / nUsed));
  const made = numbers(nRows * 2 * nUsed, 1);
  for (let t = 0; t < nRows; t++)
    for (let j = 0; j < nUsed; j++) made[t * 2 * nUsed + j] = (nExperts - 1 + t + j * every) % nExperts;
  return made;
}

/** What a step made: the rows of a value, of a cache those that it stored. */
async function madeBy(program: Program, out: Value, step: Step): Promise<Float32Array> {
  if (out.role !== 'state') return program.read(out);
  const rows = await program.readState(out, step.pos, step.pos + step.tokens.length);
  const floats = new Float32Array(step.tokens.length * colsOf(out));
  out.quant.dequantize!(rows, floats);
  return floats;
}

/** What plain loops make of a value. */
interface Wanted {
  readonly out: Value;
  readonly floats: Float32Array;
  /** The columns of the value that these are; absent: all. */
  readonly columns?: readonly number[] | undefined;
}

/** How far the numbers that came are from those that plain loops make. */
function difference(came: Float32Array, { out, floats, columns }: Wanted): number {
  const cols = columns?.length ?? colsOf(out);
  const stride = colsOf(out);
  let [error, largest] = [0, 0];
  for (let i = 0; i < floats.length; i++) {
    const col = i % cols;
    const difference = Math.abs(came[((i - col) / cols) * stride + (columns?.[col] ?? col)]! - floats[i]!);
    error = Math.max(error, Number.isNaN(difference) ? Infinity : difference);
    largest = Math.max(largest, Math.abs(floats[i]!));
  }
  return error / (largest || 1);
}

/**
 * The results of a trial: sums, and what no other of its nodes reads. Behind a product there are no more than its sampled columns; a norm
 * wants all.
 */
async function wantedOf({ graph: { nodes }, step, states }: Trial, read: ReadTensor): Promise<Wanted[]> {
  const made = new Map<Value, Wanted>();
  for (const whole of nodes) {
    const before = whole.inputs.map((input) => made.get(input));
    const known = before.find((each) => each?.columns)?.columns;
    const inputs = whole.inputs.map((input, i) => {
      const data = input.data ?? states.get(input); // between two backends rows of activations are states
      return givenFor(known && data ? { ...input, data } : input, before[i], known);
    });
    const nNorms = nodes.slice(nodes.indexOf(whole)).filter(({ op }) => op === rmsNorm).length;
    const sample = await sampled({ node: { ...whole, inputs }, step }, read, nNorms > 0 ? Infinity : SAMPLED);
    const columns = sample.columns ?? known;
    const floats = madeByLoops({ ...sample, columns }, states);
    made.set(whole.out, { out: whole.out, floats, columns });
  }
  const used = new Set(nodes.flatMap(({ inputs, op }) => inputs.filter((_, i) => i !== op.outInput)));
  const sums = new Set(nodes.filter(({ op }) => op === add).map(({ out }) => out));
  return [...made.values()].filter(({ out }) => !used.has(out) || sums.has(out));
}

/** An input as plain loops take it: what they made before, or its own numbers, of these columns. */
function givenFor(input: Value, made: Wanted | undefined, columns: readonly number[] | undefined): Value {
  const shape = [input.shape[0]!, (made?.columns ?? columns)?.length ?? colsOf(input)];
  if (made) return { ...input, role: 'constant', data: made.floats, shape };
  return columns && input.data ? { ...input, data: picked(input, columns), shape } : input; // weights are read later
}

function madeByLoops({ node, step, columns }: Sampled, states: Trial['states']): Float32Array {
  const cols = columns?.length ?? colsOf(node.out);
  const nRows = rowsOf(node.out.rows ?? 'tokens', step);
  const inputs = node.inputs.map((input) => input.data ?? states.get(input)!);
  const own = { ...node, out: { ...node.out, shape: [node.out.shape[0]!, cols] } };
  const out = states.get(node.out)?.slice() ?? new Float32Array(nRows * cols);
  node.op.reference({ node: own, step, out, inputs });
  return states.has(node.out) ? out.subarray(step.pos * cols, (step.pos + nRows) * cols) : out;
}

/** What plain loops do of a trial: all of it, or some columns of its output, which some rows of a matrix make. */
interface Sampled {
  readonly node: Node;
  readonly step: Step;
  /** Of the node's output, the column that each column of the sample is. */
  readonly columns?: readonly number[] | undefined;
}

async function sampled({ node, step }: Sampled, read: ReadTensor, most: number): Promise<Sampled> {
  const { op, inputs, out } = node;
  const floats = async (value: Value): Promise<Value> =>
    value.role === 'weight' ? { ...value, data: await rowsOfFile(value, undefined, read) } : value;
  if (op === embed) {
    const table = { ...inputs[0]!, data: await rowsOfFile(inputs[0]!, [...step.tokens], read) };
    const own = { ...step, pos: 0, tokens: step.tokens.map((_, t) => t) };
    return { node: { ...node, inputs: [table] }, step: own };
  }
  if (op.name === 'matmul_experts') return sampledExperts({ node, step }, read);
  const matrix = inputs[op.quantInput ?? -1];
  if ((op !== matmul && op !== addProduct) || !matrix) {
    return { node: { ...node, inputs: await Promise.all(inputs.map(floats)) }, step };
  }
  const columns = spreadOver(matrix.shape[0]!, most);
  const n = columns.length;
  const rows = n < matrix.shape[0]! ? columns : undefined; // all of them come in one piece
  const some = async (value: Value): Promise<Value> => {
    if (value === matrix) {
      return { ...value, shape: [n, colsOf(value)], data: await rowsOfFile(value, rows, read) };
    }
    const whole = await floats(value);
    const isOfColumns = value === inputs[2] && op === matmul; // a bias
    const isAddedTo = value === inputs[0] && op === addProduct;
    return isOfColumns || isAddedTo
      ? { ...whole, shape: [...value.shape.slice(0, -1), n], data: picked(whole, columns) }
      : whole;
  };
  const own = { ...out, shape: [out.shape[0]!, n] };
  return { node: { ...node, inputs: await Promise.all(inputs.map(some)), out: own }, step, columns };
}

/** Numbers below `nAll`, at most so many. */
function spreadOver(nAll: number, most: number): number[] {
  const n = Math.min(most, nAll);
  return Array.from({ length: n }, (_, i) => Math.floor((i * (nAll - 1)) / Math.max(1, n - 1)));
}

/** Some rows of each matrix of a stack. */
async function sampledExperts({ node, step }: Sampled, read: ReadTensor): Promise<Sampled> {
  const [weight, x, chosen, bias] = node.inputs as [Value, Value, Value, Value | undefined];
  const [nExperts, rows, cols] = weight.shape as [number, number, number];
  const nUsed = node.params['nUsed']!;
  const own = spreadOver(rows, Math.ceil(SAMPLED / nUsed));
  const ofAll = Array.from({ length: nExperts }, (_, e) => own.map((row) => e * rows + row)).flat();
  const w = { ...weight, shape: [nExperts, own.length, cols], data: await rowsOfFile(weight, ofAll, read) };
  const whole = bias && { ...bias, data: bias.data ?? (await rowsOfFile(bias, undefined, read)) };
  const b = whole && { ...whole, shape: [nExperts, own.length], data: picked(whole, own) };
  const out = { ...node.out, shape: [node.out.shape[0]!, nUsed * own.length] };
  const columns = Array.from({ length: nUsed }, (_, j) => own.map((row) => j * rows + row)).flat();
  return { node: { ...node, inputs: b ? [w, x, chosen, b] : [w, x, chosen], out }, step, columns };
}

/** Some columns of every row. */
function picked({ data, shape }: Value, columns: readonly number[]): Float32Array {
  const cols = shape.at(-1)!;
  const nRows = data!.length / cols;
  return Float32Array.from({ length: nRows * columns.length }, (_, i) => {
    return data![Math.floor(i / columns.length) * cols + columns[i % columns.length]!]!;
  });
}

/** Rows of a weight as floats, `[rows.length, cols]`; undefined: all of them. */
async function rowsOfFile(weight: Value, rows: readonly number[] | undefined, read: ReadTensor): Promise<Float32Array> {
  const cols = rows ? colsOf(weight) : elementsOf(weight);
  const rowBytes = bytesOf(weight, cols);
  const bytes = new Uint8Array(rowBytes * (rows?.length ?? 1));
  await Promise.all(
    (rows ?? [0]).map((row, i) => read(weight, row * rowBytes, bytes.subarray(i * rowBytes, (i + 1) * rowBytes))),
  );
  const floats = new Float32Array(cols * (rows?.length ?? 1));
  weight.quant.dequantize!(bytes, floats);
  return floats;
}
