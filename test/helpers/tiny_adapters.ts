import { tinyEncoderParts, tinyEncoders } from './tiny_encoders.ts';
import { ggufFile, tinyParts, tinyTensor, types, type TinyTensor, type Value } from './tiny_models.ts';

/** LoRA adapters and control vectors for the tiny models, made from a seed like those, and tiny models with an adapter merged into them. */

const { u32, f32, string } = types;

export interface TinyLora {
  /** Adapters with different names hold different numbers. */
  readonly name?: string;
  readonly rank?: number;
  /** `adapter.lora.alpha`; 0: it says nothing. */
  readonly alpha?: number;
  /** The weights that it is for. */
  readonly targets?: RegExp | undefined;
  readonly encoding?: Parameters<typeof tinyTensor>[2];
  readonly metadata?: Readonly<Record<string, Value>>;
  /** What becomes of its tensors. */
  readonly change?: (tensors: TinyTensor[]) => TinyTensor[];
}

const projections =
  /^output\.weight$|(attn_(q|k|v|qkv|output|gate)|ffn_(gate|up|down)|ssm_(in|out|alpha|beta)|shortconv\.(in|out)_proj)\.weight$/;

const partsOf = (model: string) => (model in tinyEncoders ? tinyEncoderParts(model) : tinyParts(model));

function pairs(
  model: string,
  { name = 'lora', rank = 4, targets = projections, encoding = 'f32' }: TinyLora,
): TinyTensor[] {
  return partsOf(model).tensors.flatMap(({ name: weight, dims }) => {
    if (!targets.test(weight) || dims.length !== 2) return [];
    const [cols, rows] = dims as [number, number];
    const isTable = weight === 'token_embd.weight';
    const spread = Math.sqrt(3 / cols);
    const seeded = (part: string, of: number[], size: number): TinyTensor => ({
      ...tinyTensor(`${name} ${weight}.${part}`, of, encoding, size),
      name: `${weight}.${part}`,
    });
    return isTable
      ? [seeded('lora_a', [rank, rows], 2), seeded('lora_b', [rank, cols], 1)]
      : [seeded('lora_a', [cols, rank], spread), seeded('lora_b', [rank, rows], 0.8)];
  });
}

/** An adapter's file for a tiny model, in llama.cpp's form. */
export function tinyLora(model: string, lora: TinyLora = {}): Uint8Array<ArrayBufferLike> {
  const { alpha = 8, metadata = {}, change = (tensors: TinyTensor[]) => tensors } = lora;
  const meta = new Map<string, Value>([
    ['general.type', [string, 'adapter']],
    ['adapter.type', [string, 'lora']],
    ['general.architecture', partsOf(model).meta.get('general.architecture')!],
    ['general.name', [string, lora.name ?? 'lora']],
    ...(alpha === 0 ? [] : [['adapter.lora.alpha', [f32, alpha]] as const]),
    ...Object.entries(metadata),
  ]);
  return ggufFile(meta, change(pairs(model, lora)));
}

/** The tiny model, of f32 weights, with adapters in its weights: `w + b · a * scale * alpha / rank`. */
export function mergedModel(
  model: string,
  adapters: readonly (TinyLora & { readonly scale: number })[],
): Uint8Array<ArrayBufferLike> {
  const { meta, tensors } = partsOf(model);
  const merged = tensors.map((tensor) => ({ ...tensor, bytes: tensor.bytes.slice() }));
  for (const adapter of adapters) {
    const { scale, rank = 4, alpha = 8 } = adapter;
    const parts = new Map(pairs(model, adapter).map(({ name, bytes }) => [name, new Float32Array(bytes.buffer)]));
    for (const { name, dims, bytes } of merged) {
      const [a, b] = [parts.get(`${name}.lora_a`), parts.get(`${name}.lora_b`)];
      if (!a || !b) continue;
      const [cols, rows] = dims as [number, number];
      const factor = merged.find((other) => other.name === name.replace(/weight$/, 'scale')); // of the whole product
      const by =
        (alpha === 0 ? scale : (scale * alpha) / rank) / (factor ? new Float32Array(factor.bytes.buffer)[0]! : 1);
      const isTable = name === 'token_embd.weight';
      const weights = new Float32Array(bytes.buffer);
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < cols; c++) {
          let sum = 0;
          for (let k = 0; k < rank; k++)
            sum += isTable ? a[r * rank + k]! * b[c * rank + k]! : b[r * rank + k]! * a[k * cols + c]!;
          weights[r * cols + c]! += by * sum;
        }
      }
    }
  }
  return ggufFile(meta, merged);
}

/** A control vector's file, `direction.1` to the last layer unless it is told otherwise. */
export function tinyVector(
  model: string,
  { layers, dim, name = 'vector' }: { layers?: readonly number[]; dim?: number; name?: string } = {},
): Uint8Array<ArrayBufferLike> {
  const { meta } = partsOf(model);
  const arch = String(meta.get('general.architecture')![1]);
  const number = (key: string) => Number(meta.get(`${arch}.${key}`)![1]);
  const all = layers ?? Array.from({ length: number('block_count') - 1 }, (_, i) => i + 1);
  const keys = new Map<string, Value>([
    ['general.architecture', [string, 'controlvector']],
    ['controlvector.model_hint', [string, arch]],
    ['controlvector.layer_count', [u32, all.length]],
  ]);
  return ggufFile(
    keys,
    all.map((layer) => direction(name, layer, dim ?? number('embedding_length'))),
  );
}

const direction = (name: string, layer: number, dim: number): TinyTensor => ({
  ...tinyTensor(`${name} direction.${layer}`, [dim], 'f32', 0.5),
  name: `direction.${layer}`,
});

/** The same numbers in a row, `[nLayers - 1, dim]`, from layer 1 on: how llama.cpp takes them. */
export function vectorFloats(name: string, nLayers: number, dim: number): Float32Array {
  const floats = new Float32Array((nLayers - 1) * dim);
  for (let l = 1; l < nLayers; l++) floats.set(new Float32Array(direction(name, l, dim).bytes.buffer), (l - 1) * dim);
  return floats;
}
