import type { Value } from '../graph/graph.ts';
import { kvCaches } from '../graph/layer_state.ts';
import type { RopeConfig } from '../ops/rope_table.ts';
import { architecture, type BaseConfig } from './architecture.ts';
import { ropeConfig } from './rope_config.ts';

interface Config extends BaseConfig {
  readonly ffnDim: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly headDim: number;
  readonly normEps: number;
  readonly rope: RopeConfig;
}

interface Layer {
  readonly attnNorm: Value; // [dim]
  readonly wq: Value; // [nHeads * headDim, dim]
  readonly wk: Value; // [nKvHeads * headDim, dim]
  readonly wv: Value; // [nKvHeads * headDim, dim]
  readonly wo: Value; // [dim, nHeads * headDim]
  readonly bq: Value; // [nHeads * headDim]
  readonly bk: Value; // [nKvHeads * headDim]
  readonly bv: Value; // [nKvHeads * headDim]
  readonly ffnNorm: Value; // [dim]
  readonly gate: Value; // [ffnDim, dim]
  readonly up: Value; // [ffnDim, dim]
  readonly down: Value; // [dim, ffnDim]
}

interface Weights {
  readonly embed: Value; // [nVocab, dim]
  readonly layers: readonly Layer[];
  readonly norm: Value; // [dim]
  readonly output: Value; // [nVocab, dim], the embedding itself in the small models
}

/** Qwen 2 and 2.5 (Yang et al. 2024, arXiv:2407.10671): biases on queries, keys and values, halves rotated. */
export const qwen2 = architecture<Config, Weights>({
  names: ['qwen2'],

  config(meta, find) {
    const dim = meta.u32('qwen2.embedding_length');
    const nHeads = meta.u32('qwen2.attention.head_count');
    const headDim = meta.u32('qwen2.attention.key_length', dim / nHeads);
    return {
      nLayers: meta.u32('qwen2.block_count'),
      nVocab: find.shape('token_embd.weight')[0]!,
      nCtxTrain: meta.u32('qwen2.context_length'),
      dim,
      ffnDim: meta.u32('qwen2.feed_forward_length'),
      nHeads,
      nKvHeads: meta.u32('qwen2.attention.head_count_kv', nHeads),
      headDim,
      normEps: meta.f32('qwen2.attention.layer_norm_rms_epsilon'),
      rope: ropeConfig(meta, find, 'qwen2', headDim),
    };
  },

  weights(c, find) {
    const embed = find.get('token_embd.weight', [c.nVocab, c.dim]);
    const qDim = c.nHeads * c.headDim;
    const kvDim = c.nKvHeads * c.headDim;
    return {
      embed,
      layers: Array.from({ length: c.nLayers }, (_, l) => ({
        attnNorm: find.get(`blk.${l}.attn_norm.weight`, [c.dim]),
        wq: find.get(`blk.${l}.attn_q.weight`, [qDim, c.dim]),
        wk: find.get(`blk.${l}.attn_k.weight`, [kvDim, c.dim]),
        wv: find.get(`blk.${l}.attn_v.weight`, [kvDim, c.dim]),
        wo: find.get(`blk.${l}.attn_output.weight`, [c.dim, qDim]),
        bq: find.get(`blk.${l}.attn_q.bias`, [qDim]),
        bk: find.get(`blk.${l}.attn_k.bias`, [kvDim]),
        bv: find.get(`blk.${l}.attn_v.bias`, [kvDim]),
        ffnNorm: find.get(`blk.${l}.ffn_norm.weight`, [c.dim]),
        gate: find.get(`blk.${l}.ffn_gate.weight`, [c.ffnDim, c.dim]),
        up: find.get(`blk.${l}.ffn_up.weight`, [c.ffnDim, c.dim]),
        down: find.get(`blk.${l}.ffn_down.weight`, [c.dim, c.ffnDim]),
      })),
      norm: find.get('output_norm.weight', [c.dim]),
      output: find.optional('output.weight', [c.nVocab, c.dim]) ?? embed,
    };
  },

  state: (c, nCtx, kvType) => kvCaches(c, nCtx, kvType),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const angles = g.ropeTable(c.rope); // [nCtx, ropeDim]
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = g.rope(g.matmul(layer.wq, h, layer.bq), angles, heads); // [nTokens, nHeads * headDim]
      const k = g.rope(g.matmul(layer.wk, h, layer.bk), angles, heads); // [nTokens, nKvHeads * headDim]
      const v = g.matmul(layer.wv, h, layer.bv); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5 });
      x = g.add(x, g.matmul(layer.wo, a));
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      x = g.add(x, g.matmul(layer.down, g.swiglu(g.matmul(layer.gate, f), g.matmul(layer.up, f))));
    }
    return g.matmul(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
