import { familyConfigs } from './tiny_models.ts';
import type { TinyLora } from './tiny_adapters.ts';

/** What is on: adapters with their scales, and a control vector for some layers. */
export interface AdapterCase {
  readonly model: string;
  readonly loras: readonly (TinyLora & { readonly scale: number })[];
  readonly vector?: { readonly scale: number; readonly layers?: readonly [number, number] };
}

const one = (model: string, lora: TinyLora = {}, scale = 0.25): AdapterCase => ({ model, loras: [{ ...lora, scale }] });
const other = { name: 'other', rank: 3, alpha: 0, targets: /attn_[qv]\.weight$/, scale: 0.8 };

const variants = ['exaone4-large', 'granite-unturned', 'qwen35-listed', 'granitehybrid-turned'];
const families = Object.keys(familyConfigs).filter((name) => !variants.includes(name));
/** Of Nemotron-H llama.cpp steers the feed-forward layers alone. */
const steered = families.filter((name) => name !== 'nemotron_h');

/** Factors of projections: llama.cpp applies those of feed-forward blocks to what adapters add, too, and says that it is incorrect. */
const scaled = ['llama-fused', 'llama-scales', 'bitnet'];

/** Name → case. The names are the keys of the goldens. */
export const adapterCases: Readonly<Record<string, AdapterCase>> = {
  ...Object.fromEntries(
    ['llama', 'llama-untied', 'llama-attn-bias', 'llama-spm', 'qwen2', ...families].map((model) => [
      model,
      one(model, scaled.includes(model) ? { targets: /attn_/ } : {}),
    ]),
  ),
  mixtral: one('mixtral', { targets: /attn_|ffn_gate_inp\.weight/ }),
  granitemoe: one('granitemoe', { targets: /attn_|shexp/ }),
  'gpt-oss': { ...one('gpt-oss', { targets: /attn_|^output/ }), vector: { scale: 0.7 } },
  'llama-f16': one('llama-f16', { encoding: 'f16', rank: 16 }),
  'llama-q4_0': one('llama-q4_0', { rank: 16 }),
  'llama-q8_0': one('llama-q8_0', { encoding: 'q8_0', rank: 32, alpha: 32 }, 1e-2),
  'rank 1': one('llama', { rank: 1, alpha: 2 }),
  'rank 20, no alpha': one('llama', { rank: 20, alpha: 0 }, 0.3),
  'the token table': one('llama-untied', { targets: /^(token_embd|output)\.weight$|ffn_up/ }),
  'two adapters': { model: 'llama', loras: [{ scale: 0.4 }, other] },
  'less than nothing': one('qwen2', {}, -0.6),
  'a vector': { model: 'qwen2', loras: [], vector: { scale: 0.7 } },
  ...Object.fromEntries(steered.map((model) => [`${model}, a vector`, { model, loras: [], vector: { scale: 0.7 } }])),
  'a vector for some layers': { model: 'gemma3', loras: [], vector: { scale: -1.3, layers: [2, 2] } },
  both: { model: 'gemma2', loras: [{ scale: 0.4 }], vector: { scale: 0.6 } },
};
