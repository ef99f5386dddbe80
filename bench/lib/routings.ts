import type { NodeWork } from '../../src/backends/backend.ts';
import { readTensor } from '../../src/engine/backend_plan.ts';
import type { GgufFile } from '../../src/gguf/read.ts';
import type { Node, Value } from '../../src/graph/graph.ts';
import { elementsOf } from '../../src/graph/tensor.ts';
import { colsOf } from '../../src/ops/op.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { rmsNorm } from '../../src/ops/rms_norm.ts';
import { route } from '../../src/ops/route.ts';
import { random } from '../measure/random_blocks.ts';

/** What the routers of a text chose. */
export interface Routing {
  readonly name: string;
  readonly nExperts: number;
  /** Of each layer and token. */
  readonly layers: readonly (readonly (readonly number[])[])[];
  /** What each layer's router names for what the layer before it saw; of the first layer nothing. */
  readonly guesses: readonly (readonly (readonly number[])[])[];
}

/** Numbers of routers, and of the norms in front of them, by name. */
async function routerWeights(file: GgufFile): Promise<ReadonlyMap<string, Float32Array>> {
  const read = readTensor(file);
  const weights = new Map<string, Float32Array>();
  for (const tensor of file.tensors.values()) {
    if (!tensor.quant.dequantize || !/ffn_gate_inp|ffn_norm|post_attention_norm/.test(tensor.name)) continue;
    const bytes = new Uint8Array(tensor.sizeBytes);
    await read(tensor, 0, bytes);
    const numbers = new Float32Array(elementsOf(tensor));
    tensor.quant.dequantize(bytes, numbers);
    weights.set(tensor.name, numbers);
  }
  return weights;
}

/** Looks at a session's nodes, and at a model's routers. */
export async function recorder(file: GgufFile) {
  const weights = await routerWeights(file);
  const producers = new Map<Value, Node>();
  const norms = new Map<Value, { norm: Node; x: Float32Array }>(); // by what they make
  const layers = new Map<Value, number[][]>(); // by what routers make
  let nExperts = 0;
  let before: Float32Array | undefined; // what the layer before saw
  const guesses = new Map<Value, number[][]>();

  /** The numbers that a layer's router would give another one's residual; undefined where it is none that this knows. */
  const guess = (router: Node, norm: Node, x: Float32Array): number[] | undefined => {
    const [w, , bias] = router.inputs.map((input) => input && weights.get(input.name));
    const scale = weights.get(norm.inputs[1]!.name);
    if (!w || !scale) return undefined;
    const rms = Math.sqrt(x.reduce((sum, each) => sum + each * each, 0) / x.length + 1e-5);
    return Array.from({ length: w.length / x.length }, (_, e) => {
      let sum = bias?.[e] ?? 0;
      for (let i = 0; i < x.length; i++) sum += (w[e * x.length + i]! * x[i]! * scale[i]!) / rms;
      return sum;
    });
  };

  const routed = (node: Node, out: Float32Array): void => {
    const nUsed = out.length / 2;
    const chosen = [...out.subarray(0, nUsed)];
    layers.set(node.out, [...(layers.get(node.out) ?? []), chosen]);
    nExperts = colsOf(node.inputs[0]!);
    const router = producers.get(node.inputs[0]!);
    const seen = router?.op === matmul ? norms.get(router.inputs[1]!) : undefined;
    const scores = before && seen && guess(router!, seen.norm, before);
    before = seen?.x;
    const guessed = [...(scores ?? []).keys()].sort((a, b) => scores![b]! - scores![a]!).slice(0, nUsed);
    guesses.set(node.out, [...(guesses.get(node.out) ?? []), guessed]);
  };

  const onNode = ({ nodes, read: numbers }: NodeWork): void => {
    for (const node of nodes) {
      producers.set(node.out, node);
      if (node.op === rmsNorm && /ffn_norm|post_attention_norm/.test(node.inputs[1]!.name))
        norms.set(node.out, { norm: node, x: Float32Array.from(numbers(node.inputs[0]!)) });
      if (node.op !== route) continue;
      if (layers.keys().next().value === node.out) before = undefined; // a step begins
      routed(node, numbers(node.out));
    }
  };
  const routing = (name: string): Routing => ({
    name,
    nExperts,
    layers: [...layers.values()],
    guesses: [...guesses.values()],
  });
  return { onNode, routing };
}

/** A text that changes its topic: each has favourites of its own in each layer, by Zipf's law. */
export function madeUpRouting(sizes: {
  readonly nTokens: number;
  readonly nLayers: number;
  readonly nExperts: number;
  readonly nUsed: number;
  readonly topicTokens: number;
}): Routing {
  const { nTokens, nLayers, nExperts, nUsed, topicTokens } = sizes;
  const next = random(1);
  const layers = Array.from({ length: nLayers }, () => {
    let favours: number[] = [];
    return Array.from({ length: nTokens }, (_, t) => {
      if (t % topicTokens === 0)
        favours = Array.from({ length: nExperts }, () => Math.log(1 + Math.floor(nExperts * next())));
      const ranks = favours.map((favour) => -favour - Math.log(-Math.log(next()))); // Gumbel: draws without putting back
      return [...ranks.keys()].sort((a, b) => ranks[b]! - ranks[a]!).slice(0, nUsed);
    });
  });
  return { name: `made up, another topic each ${topicTokens} tokens`, nExperts, layers, guesses: [] };
}
