import type { Value } from '../graph/graph.ts';
import { kvCaches } from '../graph/layer_state.ts';
import type { RopeConfig } from '../ops/rope_table.ts';
import { architecture, type BaseConfig } from './architecture.ts';
import { UnsupportedError } from '../errors.ts';
import { ropeConfig } from './rope_config.ts';

interface Config extends BaseConfig {
  readonly ffnDim: number;
  readonly nHeads: number;
  readonly nKvHeads: number;
  readonly headDim: number;
  readonly normEps: number;
  /** Positions seen by attention; 0: all. */
  readonly window: number;
  readonly rope: RopeConfig;
}

interface Layer {
  readonly attnNorm: Value; // [dim]
  readonly wq: Value; // [nHeads * headDim, dim]
  readonly wk: Value; // [nKvHeads * headDim, dim]
  readonly wv: Value; // [nKvHeads * headDim, dim]
  readonly wo: Value; // [dim, nHeads * headDim]
  readonly bq?: Value; // [nHeads * headDim]
  readonly bk?: Value; // [nKvHeads * headDim]
  readonly bv?: Value; // [nKvHeads * headDim]
  readonly bo?: Value; // [dim]
  readonly ffnNorm: Value; // [dim]
  readonly gate: Value; // [ffnDim, dim]
  readonly up: Value; // [ffnDim, dim]
  readonly down: Value; // [dim, ffnDim]
  readonly bGate?: Value; // [ffnDim]
  readonly bUp?: Value; // [ffnDim]
  readonly bDown?: Value; // [dim]
}

interface Weights {
  readonly embed: Value; // [nVocab, dim]
  readonly layers: readonly Layer[];
  readonly norm: Value; // [dim]
  readonly output: Value; // [nVocab, dim], often the embedding itself
}

/** Llama (Touvron et al. 2023, arXiv:2302.13971) and what shares its blocks: Llama 2 and 3, TinyLlama, Mistral, SmolLM2. */
export const llama = architecture<Config, Weights>({
  names: ['llama'],

  config(meta, find) {
    const nExperts = meta.u32('llama.expert_count', 0);
    if (nExperts > 0) throw new UnsupportedError(`llama with ${nExperts} experts; supported: dense llama models`);
    const dim = meta.u32('llama.embedding_length');
    const nHeads = meta.u32('llama.attention.head_count');
    const headDim = meta.u32('llama.attention.key_length', dim / nHeads);
    return {
      nLayers: meta.u32('llama.block_count'),
      nVocab: find.shape('token_embd.weight')[0]!,
      nCtxTrain: meta.u32('llama.context_length'),
      dim,
      ffnDim: meta.u32('llama.feed_forward_length'),
      nHeads,
      nKvHeads: meta.u32('llama.attention.head_count_kv', nHeads),
      headDim,
      normEps: meta.f32('llama.attention.layer_norm_rms_epsilon'),
      window: meta.u32('llama.attention.sliding_window', 0),
      rope: ropeConfig(meta, find, 'llama', headDim),
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
        bq: find.optional(`blk.${l}.attn_q.bias`, [qDim]),
        bk: find.optional(`blk.${l}.attn_k.bias`, [kvDim]),
        bv: find.optional(`blk.${l}.attn_v.bias`, [kvDim]),
        bo: find.optional(`blk.${l}.attn_output.bias`, [c.dim]),
        ffnNorm: find.get(`blk.${l}.ffn_norm.weight`, [c.dim]),
        gate: find.get(`blk.${l}.ffn_gate.weight`, [c.ffnDim, c.dim]),
        up: find.get(`blk.${l}.ffn_up.weight`, [c.ffnDim, c.dim]),
        down: find.get(`blk.${l}.ffn_down.weight`, [c.dim, c.ffnDim]),
        bGate: find.optional(`blk.${l}.ffn_gate.bias`, [c.ffnDim]),
        bUp: find.optional(`blk.${l}.ffn_up.bias`, [c.ffnDim]),
        bDown: find.optional(`blk.${l}.ffn_down.bias`, [c.dim]),
      })),
      norm: find.get('output_norm.weight', [c.dim]),
      output: find.optional('output.weight', [c.nVocab, c.dim]) ?? embed,
    };
  },

  state: (c, nCtx, kvType) => kvCaches(c, nCtx, kvType),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'norm' } as const;
    const angles = g.ropeTable(c.rope); // [nCtx, ropeDim]
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const h = g.rmsNorm(x, layer.attnNorm, c.normEps); // [nTokens, dim]
      const q = g.rope(g.matmul(layer.wq, h, layer.bq), angles, heads); // [nTokens, nHeads * headDim]
      const k = g.rope(g.matmul(layer.wk, h, layer.bk), angles, heads); // [nTokens, nKvHeads * headDim]
      const v = g.matmul(layer.wv, h, layer.bv); // [nTokens, nKvHeads * headDim]
      const a = g.attention(q, k, v, state[l]!, { headDim: c.headDim, scale: c.headDim ** -0.5, window: c.window });
      x = g.add(x, g.matmul(layer.wo, a, layer.bo));
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const gated = g.swiglu(g.matmul(layer.gate, f, layer.bGate), g.matmul(layer.up, f, layer.bUp)); // [nTokens, ffnDim]
      x = g.add(x, g.matmul(layer.down, gated, layer.bDown));
    }
    return g.matmul(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
