import { kvCache, rowsState } from '../../src/graph/layer_state.ts';
import { architecture } from '../../src/models/architecture.ts';
import { decoderConfig } from '../../src/models/decoder_config.ts';
import { attentionWeights, ffnWeights } from '../../src/models/readers.ts';
import { tokenShift } from './token_shift.ts';

/** Layers with an even number mix tokens by a shift, the others by attention. */
const shifts = (l: number): boolean => l % 2 === 0;

/** A made-up family with states of two kinds. */
export const toy = architecture({
  names: ['toy'],

  config: (meta, find) => decoderConfig(meta, find, 'toy'),

  weights(c, find) {
    const embed = find.get('token_embd.weight', [c.nVocab, c.dim]);
    const shift = (l: number) => ({
      attnNorm: find.get(`blk.${l}.attn_norm.weight`, [c.dim]),
      wIn: find.linear(`blk.${l}.mix_in`, [c.dim, c.dim]),
      share: find.get(`blk.${l}.mix_share.weight`, [c.dim]),
      wOut: find.linear(`blk.${l}.mix_out`, [c.dim, c.dim]),
    });
    return {
      embed,
      layers: Array.from({ length: c.nLayers }, (_, l) => ({
        mix: shifts(l) ? shift(l) : attentionWeights(find, c, l),
        ...ffnWeights(find, c, l),
      })),
      norm: find.get('output_norm.weight', [c.dim]),
      output: find.optional('output.weight', [c.nVocab, c.dim]) ?? embed,
    };
  },

  state: (c, limits) =>
    Array.from({ length: c.nLayers }, (_, l) => (shifts(l) ? rowsState(l, 1, c.dim) : kvCache(l, c, limits))),

  forward(g, c, w, state) {
    const heads = { headDim: c.headDim, style: 'neox' } as const;
    const angles = g.ropeAngles(c.rope); // [nTokens, ropeDim]
    let x = g.embed(w.embed); // [nTokens, dim]
    for (const [l, layer] of w.layers.entries()) {
      const { mix } = layer;
      const kept = state[l]!;
      const h = g.rmsNorm(x, mix.attnNorm, c.normEps); // [nTokens, dim]
      if ('share' in mix && kept.kind === 'rows') {
        const mixed = g.node(tokenShift, [g.linear(mix.wIn, h), mix.share, kept.rows]); // [nTokens, dim]
        x = g.add(x, g.linear(mix.wOut, mixed));
      } else if ('wq' in mix) {
        const q = g.rope(g.linear(mix.wq, h), angles, heads); // [nTokens, nHeads * headDim]
        const k = g.rope(g.linear(mix.wk, h), angles, heads); // [nTokens, nKvHeads * headDim]
        const v = g.linear(mix.wv, h); // [nTokens, nKvHeads * headDim]
        const a = g.attention(q, k, v, kept, { headDim: c.headDim, scale: c.headDim ** -0.5 });
        x = g.add(x, g.linear(mix.wo, a));
      }
      const f = g.rmsNorm(x, layer.ffnNorm, c.normEps); // [nTokens, dim]
      const gated = g.swiglu(g.linear(layer.gate, f), g.linear(layer.up, f)); // [nTokens, ffnDim]
      x = g.add(x, g.linear(layer.down, gated)); // [nTokens, dim]
    }
    return g.matmul(w.output, g.rmsNorm(g.lastRows(x), w.norm, c.normEps)); // [nLogits, nVocab]
  },
});
