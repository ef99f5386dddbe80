/** Turns a mix into a type for each tensor of a file: what each of them is, where it stands, and what fits its rows. */
import type { Metadata } from '../gguf/metadata.ts';
import type { GgufFile } from '../gguf/read.ts';
import type { Tensor } from '../graph/tensor.ts';
import { quantByName } from '../quants/index.ts';
import type { QuantType } from '../quants/quant_type.ts';
import { mixes, type Mix, type Role } from './mixes.ts';

/** Matrices that stay as they are: they are small, and rounding them hurts the model. Parts of names, as llama.cpp looks for them. */
const kept = [
  '_norm.weight',
  ...['ffn_gate_inp.weight', 'ffn_gate_tid2eid.weight'],
  ...['altup', 'laurel', 'per_layer_model_proj'],
  ...['ssm_conv1d', 'shortconv.conv.weight', 'indexer.k_proj.weight', 'indexer.q_proj.weight'],
  ...[
    'first',
    'w0',
    'w1',
    'w2',
    'v0',
    'v1',
    'v2',
    'a0',
    'a1',
    'a2',
    'g1',
    'g2',
    'decay_w1',
    'decay_w2',
    'lerp_fused',
  ].map((part) => `time_mix_${part}.weight`),
  ...['attn_rel_b.weight', '.position_embd', 'sam.pos_embd', 'sam.neck.', 'sam.net_', '.rel_pos', '.patch_embd'],
  ...['.patch_merger', 'a.rvq.codebook', 'mm.a.code_embd'],
];

const keptWhole = ['position_embd.weight', 'token_types.weight'];

const tables = ['token_embd.weight', 'per_layer_token_embd.weight'];

/** Whether a matrix has a row for each token. */
export const isOfTokens = ({ name }: Pick<Tensor, 'name'>): boolean =>
  name === 'output.weight' || tables.includes(name);

const roles: readonly (readonly [part: RegExp, role: Role])[] = [
  [/attn_(qkv|kv_b|v)\.weight/, 'values'],
  [/attn_output\.weight/, 'attnOutput'],
  [/ffn_down/, 'ffnDown'],
];

/** Replaces types whose blocks do not fit a row. Where blocks of 32 do not fit either, f16 takes their place. */
const standIns: ReadonlyMap<string, string> = new Map([
  ['q2_k', 'q4_0'],
  ['q3_k', 'q4_0'],
  ['q4_k', 'q5_0'],
  ['q5_k', 'q5_1'],
  ['q6_k', 'q8_0'],
  ['iq4_xs', 'iq4_nl'],
  ['q1_0', 'q4_0'],
]);

export interface ChoiceOptions {
  /** All matrices get the mix's main type. */
  readonly pure: boolean;
  readonly hasImportance: boolean;
  /** Types for the matrices whose names match; the first that does counts. */
  readonly tensorTypes: readonly (readonly [pattern: RegExp, type: string])[];
}

/** Whether rounding is meant for a tensor at all. */
function isQuantizable({ name, shape }: Tensor): boolean {
  const nDims = shape.length - shape.findIndex((n) => n > 1);
  if (nDims < 2 || shape.every((n) => n <= 1) || !name.endsWith('weight')) return false;
  return !keptWhole.includes(name) && !kept.some((part) => name.includes(part));
}

/** The type that each tensor becomes, by name. */
export function chooseTypes(file: GgufFile, mixName: string, options: ChoiceOptions): Map<string, QuantType> {
  const mix = mixes[mixName]!;
  const facts = factsOf(file);
  const ordered = [...file.tensors.values()].sort(byLayer);
  const nValues = ordered.filter(({ name }) => roleOf(name) === 'values').length;
  const seen = { values: 0, ffnDown: 0, attnOutput: 0 };
  const chosen = new Map<string, QuantType>();
  for (const tensor of ordered)
    chosen.set(tensor.name, isQuantizable(tensor) ? fitting(tensor, typeOf(tensor)) : tensor.quant);
  return chosen;

  function typeOf(tensor: Tensor): string {
    const isFloat = quantByName.get(mix.type)!.blockSize === 1;
    const given = isFloat ? undefined : options.tensorTypes.find(([pattern]) => pattern.test(tensor.name));
    if (given) return given[1];
    if (isFloat || options.pure) return mix.type;
    const isOutput = tensor.name === 'output.weight' || (facts.isTied && tables.includes(tensor.name));
    if (isOutput) return outputType(mix, tensor);
    if (mix.unstacked) return (tensor.shape.at(-3) ?? 1) > 1 ? mix.type : mix.unstacked;
    const role = roleOf(tensor.name);
    const found = role && roleType(role, seen[role]++, tensor.name);
    return found ?? (facts.nExperts === 8 && /attn_k\.weight/.test(tensor.name) ? 'q8_0' : mix.type);
  }

  function roleType(role: Role, i: number, name: string): string | undefined {
    if (facts.nExperts === 8 && role === 'values') return 'q8_0';
    if (facts.nExperts === 8 && role === 'attnOutput') return mix.outputOfEight;
    const isFfn = role === 'ffnDown';
    const at = isFfn && facts.nExperts > 1 ? layerOf(name) : i; // experts of one layer need not follow each other
    const place = { i: at, n: isFfn ? facts.nLayers : nValues, ...facts, hasImportance: options.hasImportance };
    const type = mix.rules?.[role]?.(place) ?? mix.type;
    return facts.is70b && role === 'values' && ['q3_k', 'q4_k'].includes(type) ? 'q5_k' : type;
  }
}

const roleOf = (name: string): Role | undefined => {
  if (isOfTokens({ name })) return undefined;
  return roles.find(([part]) => part.test(name))?.[1];
};

/** The output matrix feels rounding most. */
function outputType({ type, unstacked }: Mix, { shape }: Tensor): string {
  const fits = shape.at(-1)! % quantByName.get(type)!.blockSize === 0;
  return unstacked ?? (!fits || type === 'q8_0' ? 'q8_0' : 'q6_k');
}

function fitting({ shape }: Tensor, type: string): QuantType {
  const choices = [type, standIns.get(type) ?? type, 'f16'].map((name) => quantByName.get(name)!);
  return choices.find(({ blockSize }) => shape.at(-1)! % blockSize === 0)!;
}

const layerOf = (name: string): number => Number(/^blk\.(\d+)\./.exec(name)?.[1] ?? -1);

/** llama.cpp's order: by layer, then by name. */
function byLayer(a: Tensor, b: Tensor): number {
  const difference = layerOf(a.name) - layerOf(b.name);
  return difference !== 0 ? difference : a.name < b.name ? -1 : 1;
}

interface Facts {
  readonly nLayers: number;
  readonly nExperts: number;
  readonly nShared: number;
  /** The token table is the output matrix, too. */
  readonly isTied: boolean;
  /** Of the size whose matrix of values is small, as llama.cpp tells it. */
  readonly is70b: boolean;
}

function factsOf({ metadata, tensors }: GgufFile): Facts {
  const family = metadata.string('general.architecture');
  const nLayers = metadata.u32(`${family}.block_count`, 0);
  const nHeads = firstNumber(metadata, `${family}.attention.head_count`) ?? 0;
  const nKvHeads = firstNumber(metadata, `${family}.attention.head_count_kv`) ?? nHeads;
  const nShared = nKvHeads === 0 ? 0 : Math.floor(nHeads / nKvHeads);
  const is70b = nLayers === 80 && (['qwen2', 'deci', 'olmo'].includes(family) || (family === 'llama' && nShared !== 1));
  const nExperts = metadata.u32(`${family}.expert_count`, 0);
  return { nLayers, nExperts, nShared, isTied: !tensors.has('output.weight'), is70b };
}

/** A number, or that of the first layer. */
function firstNumber(metadata: Metadata, key: string): number | undefined {
  return metadata.get(key)?.type === 'array' ? metadata.numbers(key)[0] : metadata.u32(key, undefined);
}
