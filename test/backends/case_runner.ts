import type { Backend, Program, ReadTensor } from '../../src/backends/backend.ts';
import type { Graph, Value } from '../../src/graph/graph.ts';
import { buildCase, decodeRows, type BuiltCase, type OpCase } from '../cases/op_case.ts';
import { writeCache } from './write_cache.ts';

/** Runs cases of ops on a backend, wherever it lives: in a test, in Deno or in a page. */

export interface BackendPlan {
  readonly weights: readonly Value[];
  /** The largest graph that will be prepared. */
  readonly graph: Graph;
  readonly keep?: readonly Value[];
}

export type OpenBackend = (plan: BackendPlan) => Promise<Backend>;

/** One backend with the weights of all cases; each is prepared, run and disposed on its own. */
export class CaseRunner {
  readonly built: ReadonlyMap<OpCase, BuiltCase>;
  private readonly backend: Backend;

  private constructor(built: ReadonlyMap<OpCase, BuiltCase>, backend: Backend) {
    this.built = built;
    this.backend = backend;
  }

  static async open(open: OpenBackend, cases: readonly OpCase[]): Promise<CaseRunner> {
    const built = new Map(cases.map((opCase, i) => [opCase, buildCase(opCase, String(i))]));
    const operands = [...built.values()].flatMap((each) => each.operands);
    const weights = operands.map(({ value }) => value).filter(({ role }) => role === 'weight');
    const backend = await open({ weights, graph: largest([...built.values()].map(({ graph }) => graph)) });
    const files = new Map(operands.map(({ value, bytes }) => [value.name, bytes]));
    await backend.upload(weights, { read: readFrom(files) });
    return new CaseRunner(built, backend);
  }

  /** The output, or the state that it is, then every state that the node changes. */
  async run(opCase: OpCase): Promise<Float32Array[]> {
    const { graph, node, step, operands } = this.built.get(opCase)!;
    const reason = this.backend.unsupported(node);
    if (reason !== undefined) throw new Error(reason);
    const program = this.backend.prepare(graph);
    try {
      for (const { value, bytes } of operands)
        if (value.role === 'state') await writeCache(program, value, bytes, step.pos);
      await program.run(step);
      const results: Float32Array[] = [];
      for (const value of [node.out, ...(node.op.changes ?? []).map((i) => node.inputs[i]!)]) {
        results.push(await numbersOf(program, value));
      }
      return results;
    } finally {
      program.dispose();
    }
  }

  async close(): Promise<void> {
    await this.backend.dispose();
  }
}

async function numbersOf(program: Program, value: Value): Promise<Float32Array> {
  if (value.role !== 'state') return Float32Array.from(await program.read(value));
  return decodeRows(await program.readState(value, 0, value.shape[0]!), value.quant.name);
}

/** A graph that takes at least as much of everything as each of these. */
function largest(graphs: readonly Graph[]): Graph {
  const nodes = graphs.flatMap((graph) => graph.nodes);
  const most = (of: (graph: Graph) => number): number => Math.max(...graphs.map(of));
  return {
    nCtx: most(({ nCtx }) => nCtx),
    maxTokens: most(({ maxTokens }) => maxTokens),
    maxLogits: most(({ maxLogits }) => maxLogits),
    nodes,
    logits: nodes.at(-1)!.out,
  };
}

/** Reads tensors out of their bytes, by name. */
export const readFrom =
  (files: ReadonlyMap<string, Uint8Array>): ReadTensor =>
  async ({ name }, offsetBytes, into) =>
    into.set(files.get(name)!.subarray(offsetBytes, offsetBytes + into.length));
