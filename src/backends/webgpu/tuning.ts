import { asError } from '../../base/errors.ts';
import type { Graph, Node, Step, Value } from '../../graph/graph.ts';
import { bytesOf } from '../../graph/tensor.ts';
import { matmul } from '../../ops/matmul.ts';
import { colsOf } from '../../ops/op.ts';
import type { KernelChoice } from '../../platform/gpu.ts';
import { whyRefused } from './check_kernels.ts';
import { checkCall, numbers, type CheckHome } from './self_check.ts';
import type { Call } from './calls.ts';
import type { GpuProgram } from './program.ts';
import {
  choosePlain,
  stepNames,
  stepRanges,
  variantsFor,
  type Able,
  type Choice,
  type Chooser,
  type Steps,
} from './variants.ts';

/**
 * Which kernel is the fastest, only a device can tell. Candidates that compute rightly are timed on the model's own matrices: first each
 * variant, then the sizes of the fastest. Products of the same kind take the same one.
 */

/** What products have in common that share a choice: the type of their weights, and how many rows steps have. */
export const kindOf = (weight: Value, steps: Steps): string =>
  `${weight.quant.name}${colsOf(weight) % 4 === 0 ? '' : ', odd columns'}, ${steps} rows`;

/** A candidate by its name and sizes. */
export const titleOf = ({ variant, sizes }: Choice): string =>
  `${variant.name} (${Object.entries(sizes)
    .map(([name, n]) => `${name} ${n}`)
    .join(', ')})`;

/** What tuning asks of a backend. */
export interface TuneHome {
  readonly able: Able;
  /** Makes a program, and its calls, whose products are done by what `choose` says. */
  readonly prepare: (graph: Graph, choose: Chooser) => GpuProgram;
  readonly lower: (graph: Graph, choose: Chooser) => readonly Call[];
  readonly check: CheckHome;
  readonly signal?: AbortSignal | undefined;
}

/** Matrices that are multiplied in turn, so that caches do not hold them: so many, and no more bytes. */
const MOST_NODES = 8;
const MOST_BYTES = 1 << 26;

/** Products of one kind, the heaviest shape of it. */
interface Site {
  readonly kind: string;
  readonly steps: Steps;
  readonly nodes: readonly Node[];
  readonly nRows: number;
}

/** The kinds of products in a graph. */
export function sitesOf(graph: Graph): Site[] {
  const products = graph.nodes.filter(({ op }) => op === matmul);
  const sites: Site[] = [];
  for (const steps of stepNames) {
    const byKind = new Map<string, Node[]>();
    for (const node of products) {
      if (node.out.shape[0]! < stepRanges[steps].from) continue;
      const kind = kindOf(node.inputs[0]!, steps);
      byKind.set(kind, [...(byKind.get(kind) ?? []), node]);
    }
    for (const [kind, nodes] of byKind) sites.push({ kind, steps, ...heaviest(nodes, steps) });
  }
  return sites;
}

/** Nodes of the shape whose matrices have the most bytes together. */
function heaviest(nodes: readonly Node[], steps: Steps): Pick<Site, 'nodes' | 'nRows'> {
  const byShape = new Map<string, Node[]>();
  for (const node of nodes) {
    const shape = `${node.inputs[0]!.shape.join()} ${node.out.rows}`;
    byShape.set(shape, [...(byShape.get(shape) ?? []), node]);
  }
  const rowsOf = (node: Node): number => Math.min(node.out.shape[0]!, stepRanges[steps].usual);
  const work = (same: readonly Node[]): number => same.length * bytesOf(same[0]!.inputs[0]!) * rowsOf(same[0]!);
  const [best] = [...byShape.values()].sort((a, b) => work(b) - work(a));
  const bytes = bytesOf(best![0]!.inputs[0]!);
  const n = Math.max(1, Math.min(MOST_NODES, Math.floor(MOST_BYTES / bytes)));
  return { nodes: best!.slice(0, n), nRows: rowsOf(best![0]!) };
}

/** A site's products on their own, all of the same activations. */
function trialOf({ nodes, nRows }: Site, limits: Graph): { readonly graph: Graph; readonly step: Step } {
  const cols = colsOf(nodes[0]!.inputs[0]!);
  const [, x] = nodes[0]!.inputs;
  const data = numbers(nRows * cols, 1);
  const own: Value = { ...x!, role: 'constant', shape: [nRows, cols], data, rows: 'tokens' };
  const products = nodes.map((node, i): Node => {
    const [weight, , ...bias] = node.inputs;
    const out: Value = { ...node.out, name: `product ${i}`, shape: [nRows, colsOf(node.out)], rows: 'tokens' };
    return { ...node, inputs: [weight!, own, ...bias], out };
  });
  const { nCtx, maxTokens, maxLogits } = limits;
  const graph = { nCtx, maxTokens, maxLogits, nodes: products, logits: products[0]!.out };
  return { graph, step: { tokens: new Int32Array(nRows), pos: 0, nLogits: 0 } };
}

/**
 * Chooses for the kinds of products in a graph that are not among `kinds`. Of a kind whose candidates are all refused it says nothing.
 * @throws ResourceError where the device is gone
 */
export async function tune(graph: Graph, kinds: ReadonlySet<string>, home: TuneHome): Promise<KernelChoice[]> {
  const choices: KernelChoice[] = [];
  for (const site of sitesOf(graph)) {
    if (kinds.has(site.kind)) continue;
    home.signal?.throwIfAborted();
    const choice = await tuneSite(site, graph, home);
    if (choice) choices.push(choice);
  }
  return choices;
}

interface Timed {
  readonly choice: Choice;
  readonly ms: number;
  readonly refused?: string;
}

async function tuneSite(site: Site, limits: Graph, home: TuneHome): Promise<KernelChoice | undefined> {
  const all = variantsFor(site.nodes[0]!.inputs[0]!, site.steps, home.able);
  const variants = all.filter(({ isForSoftware }) => !isForSoftware);
  const trial = trialOf(site, limits);
  const timed: Timed[] = [];
  for (const variant of variants) timed.push(await timeOf({ variant, sizes: variant.sizes[0]! }, site, trial, home));
  const { variant } = fastest(timed).choice;
  for (const sizes of variant.sizes.slice(1)) timed.push(await timeOf({ variant, sizes }, site, trial, home));
  const best = fastest(timed);
  if (best.refused !== undefined) return undefined;
  const candidates = timed.map(({ choice, ms, refused }) => ({ candidate: titleOf(choice), ms, refused }));
  return { kind: site.kind, variant: best.choice.variant.name, sizes: best.choice.sizes, from: 'timing', candidates };
}

const fastest = (timed: readonly Timed[]): Timed =>
  timed.reduce((best, each) => (each.refused === undefined && each.ms < best.ms ? each : best));

/** Takes a choice in such steps, and the plain kernels in others. */
const onlyFor =
  (steps: Steps, choice: Choice): Chooser =>
  (node, asked) =>
    asked === steps ? choice : choosePlain(node, asked);

/** Checks a candidate, then times it. */
async function timeOf(
  choice: Choice,
  { steps }: Site,
  { graph, step }: ReturnType<typeof trialOf>,
  home: TuneHome,
): Promise<Timed> {
  const choose = onlyFor(steps, choice);
  const refused = await whyNot(choose, { ...graph, nodes: graph.nodes.slice(0, 1) }, step.tokens.length, home);
  if (refused !== undefined) return { choice, ms: Infinity, refused };
  try {
    return { choice, ms: await home.check.watched(async () => msOf(home.prepare(graph, choose), step)) };
  } catch (error) {
    home.check.checkDevice();
    return { choice, ms: Infinity, refused: asError(error).message };
  }
}

async function msOf(program: GpuProgram, step: Step): Promise<number> {
  try {
    return await program.time(step);
  } finally {
    program.dispose();
  }
}

/** Why a candidate is not to be used; undefined where its numbers are right. */
async function whyNot(choose: Chooser, graph: Graph, nRows: number, home: TuneHome): Promise<string | undefined> {
  const check = { ...home.check, prepare: (one: Graph) => home.prepare(one, choose) };
  const calls = home.lower(graph, choose).filter(({ from = 1, to = Infinity }) => from <= nRows && nRows <= to);
  for (const call of calls) {
    const refused = whyRefused(await checkCall(call, check), call);
    if (refused !== undefined) return refused;
  }
  return undefined;
}
