import { sum } from '../../base/numbers.ts';
import type { Graph, Node, Step, Value } from '../../graph/graph.ts';
import { bytesOf, type Tensor } from '../../graph/tensor.ts';
import { colsOf, rowsOf } from '../../ops/op.ts';
import type { Backend, Look, NodeWork, Program, StateCopy, Traffic, UploadOptions } from '../backend.ts';
import { colsAcross, cutsOf, partOf, type GraphPart } from './cut.ts';

/** Two backends that share a model: the first layers on one of them, the last ones, and the logits, on the other. */
export interface SplitParts {
  readonly first: Backend;
  readonly second: Backend;
  /** Names of each one's weights; a tensor that embeds tokens and makes logits may be in both. */
  readonly ofFirst: ReadonlySet<string>;
  readonly ofSecond: ReadonlySet<string>;
}

/** A backend whose programs run on one backend after the other. Values cross once in a step, towards the second. */
export function splitBackend({ first, second, ofFirst, ofSecond }: SplitParts): Backend {
  return {
    name: `${first.name} and ${second.name}`,
    get gpu() {
      return second.gpu ?? first.gpu; // whole when the upload has ended
    },
    threads: Math.max(first.threads, second.threads),
    noThreads: first.noThreads ?? second.noThreads,
    activations: first.activations === 'fast' ? 'fast' : second.activations,
    get isDead() {
      return (first.isDead || second.isDead) ?? false;
    },
    paging: first.paging ?? second.paging,
    died: first.died && second.died ? Promise.race([first.died, second.died]) : (first.died ?? second.died),
    unsupported: (node) => first.unsupported(node) ?? second.unsupported(node),
    supports: (quant) => first.supports(quant) || second.supports(quant), // each has looked at its own part of the graph
    async upload(weights, options) {
      const shares = [
        weights.filter(({ name }) => ofFirst.has(name)),
        weights.filter(({ name }) => ofSecond.has(name)),
      ];
      const both = uploads(weights, shares, options);
      await first.upload(shares[0]!, both[0]!);
      await second.upload(shares[1]!, both[1]!);
    },
    prepare: (graph, look) => new SplitProgram(graph, { first, second, ofFirst, ofSecond }, look),
    async dispose() {
      await Promise.all([first.dispose(), second.dispose()]);
    },
  };
}

/** Progress of both uploads as that of one: what both hold counts as often as it is read. What has been read already is read once more. */
function uploads(
  all: readonly Tensor[],
  shares: readonly (readonly Tensor[])[],
  options: UploadOptions,
): UploadOptions[] {
  const bytes = shares.map((share) => sum(share.map((tensor) => bytesOf(tensor))));
  const scale = sum(all.map((tensor) => bytesOf(tensor))) / sum(bytes);
  const { onProgress, read, readAgain = read } = options;
  const isOfFirst = new Set(shares[0]);
  return shares.map((_, i) => ({
    ...options,
    read: (tensor, ...where) => (i === 1 && isOfFirst.has(tensor) ? readAgain : read)(tensor, ...where),
    onProgress: (doneBytes) => onProgress?.(Math.round(((i === 0 ? 0 : bytes[0]!) + doneBytes) * scale)),
  }));
}

/** Where a graph is cut, so that each half finds its weights: of several such places, that which the fewest numbers cross. */
export function cutFor(graph: Graph, { ofFirst, ofSecond }: Pick<SplitParts, 'ofFirst' | 'ofSecond'>): number {
  const isOf = (names: ReadonlySet<string>, others: ReadonlySet<string>) => (node: Node) =>
    node.inputs.some(({ role, name }) => role === 'weight' && names.has(name) && !others.has(name));
  const last = graph.nodes.findLastIndex(isOf(ofFirst, ofSecond));
  const next = graph.nodes.findIndex(isOf(ofSecond, ofFirst));
  const fitting = cutsOf(graph).filter(({ at }) => at > last && (next < 0 || at <= next));
  const [best] = fitting.sort((a, b) => colsAcross(a) - colsAcross(b));
  if (!best) throw new TypeError(`a graph of ${graph.nodes.length} nodes cannot be cut where its weights are`);
  return best.at;
}

/** A half of a split program. */
interface Half extends GraphPart {
  readonly program: Program;
  readonly made: ReadonlySet<Value>;
  readonly states: ReadonlySet<Value>;
}

class SplitProgram implements Program {
  private readonly first: Half;
  private readonly second: Half;
  /** What the second half took from the first in this run. */
  private readonly taken = new Map<Value, Float32Array>();

  constructor(graph: Graph, parts: SplitParts, look: Look = {}) {
    const at = cutFor(graph, parts);
    const [before, behind] = [partOf(graph, 0, at), partOf(graph, at, graph.nodes.length)];
    this.first = half(before, parts.first, look);
    try {
      this.second = half(behind, parts.second, this.lookBehind(behind, look));
    } catch (error) {
      this.first.program.dispose();
      throw error;
    }
  }

  async run(step: Step, signal?: AbortSignal): Promise<void> {
    const { first, second } = this;
    await first.program.run(step, signal);
    for (const [value, into] of second.takes) {
      const rows = await first.program.read(value);
      this.taken.set(value, rows);
      const nFloats = rowsOf(value.rows!, step) * colsOf(value);
      if (nFloats === 0) continue;
      await second.program.writeState(into, 0, new Uint8Array(rows.buffer, rows.byteOffset, 4 * nFloats));
    }
    await second.program.run(step, signal);
  }

  read(value: Value): Float32Array | Promise<Float32Array> {
    return (this.second.made.has(value) ? this.second : this.first).program.read(value);
  }

  readState(state: Value, begin: number, end: number): Uint8Array | Promise<Uint8Array> {
    return this.holders(state)[0]!.program.readState(state, begin, end);
  }

  /** What both halves only read, such as stored rows, both get. */
  async writeState(state: Value, begin: number, rows: Uint8Array): Promise<void> {
    for (const { program } of this.holders(state)) await program.writeState(state, begin, rows);
  }

  copyOf(states: readonly Value[]): StateCopy {
    const copies = [this.first, this.second].map(({ program, states: own }) =>
      program.copyOf(states.filter((state) => own.has(state))),
    );
    return {
      take: async () => void (await Promise.all(copies.map((copy) => copy.take()))),
      restore: async () => void (await Promise.all(copies.map((copy) => copy.restore()))),
    };
  }

  get traffic(): Traffic | undefined {
    return this.first.program.traffic ?? this.second.program.traffic;
  }

  get room(): Promise<void> {
    const rooms = [this.first, this.second].map(({ program }) => program.room);
    return Promise.all(rooms).then(() => undefined);
  }

  dispose(): void {
    this.first.program.dispose();
    this.second.program.dispose();
  }

  private holders(state: Value): Half[] {
    const found = [this.first, this.second].filter(({ states }) => states.has(state));
    if (found.length === 0) throw new TypeError(`${state.name} is no state of this graph`);
    return found;
  }

  /** Whoever looks into a run sees the graph's own nodes and values, on both sides of the cut. */
  private lookBehind({ takes }: GraphPart, { keep, onNode }: Look): Look {
    if (!onNode) return { keep };
    const origins = new Map([...takes].map(([value, state]) => [state, value]));
    const original = (node: Node): Node => ({
      ...node,
      inputs: node.inputs.map((input) => origins.get(input) ?? input),
    });
    const seen = (work: NodeWork): NodeWork => ({
      ...work,
      nodes: work.nodes.map(original),
      read: (value) => (takes.has(value) ? this.taken.get(value)! : work.read(value)),
    });
    return { keep, onNode: (work) => onNode(seen(work)) };
  }
}

function half(part: GraphPart, backend: Backend, { keep = [], onNode }: Look): Half {
  const made = new Set(part.graph.nodes.map(({ out }) => out));
  const kept = new Set([...part.gives, ...keep.filter((value) => made.has(value))]);
  const values = part.graph.nodes.flatMap(({ out, inputs }) => [out, ...inputs]);
  const states = new Set(values.filter(({ role }) => role === 'state'));
  return { ...part, made, states, program: backend.prepare(part.graph, { keep: [...kept], onNode }) };
}
