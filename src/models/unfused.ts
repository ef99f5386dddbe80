import { sum } from '../base/numbers.ts';
import type { GgufFile, GgufTensor } from '../gguf/read.ts';
import { bytesOf } from '../graph/tensor.ts';

/**
 * Some converters put matrices that meet the same input on top of each other. Rows are whole bytes, so the parts are tensors of their
 * own, at other places of the same file. No family and no kernel has to know:
 *
 *     attn_qkv  ▓▓▓▓▓▓ q ▓▓▓▓▓▓│▓ k ▓│▓ v ▓        ffn_up  ▓▓▓ gate ▓▓▓│▓▓▓ up ▓▓▓
 */
export function unfused(file: GgufFile): GgufFile {
  const tensors = new Map<string, GgufTensor>();
  for (const tensor of file.tensors.values()) {
    for (const part of partsOf(tensor, file.tensors)) tensors.set(part.name, part);
  }
  return { ...file, tensors };
}

type Tensors = ReadonlyMap<string, GgufTensor>;

/** The tensors that one is made of: itself, where nothing is fused. */
function partsOf(tensor: GgufTensor, tensors: Tensors): GgufTensor[] {
  if (/^altup_(un)?(embd_)?proj\.weight$/.test(tensor.name) && tensor.shape.length === 3) return matricesOf(tensor);
  const [, block, stem, kind] = /^(blk\.\d+\.)(attn_qkv|ffn_up|ffn_up_shexp)\.(weight|bias|scale)$/.exec(tensor.name) ?? [];
  const parts = block && rowsOfParts(block, stem!, tensors);
  if (!parts) return [tensor];
  if (kind === 'scale') return parts.map(({ name }) => ({ ...tensor, name: `${block}${name}.scale` })); // one number for all
  const [nRows, ...cols] = tensor.shape;
  const rowBytes = bytesOf({ ...tensor, shape: [1, ...cols] });
  if (nRows !== sum(parts.map(({ rows }) => rows)) || !Number.isInteger(rowBytes)) return [tensor];
  let row = 0;
  return parts.map(({ name, rows }) => {
    const offsetBytes = tensor.offsetBytes + row * rowBytes;
    row += rows;
    const place = { offsetBytes, sizeBytes: rows * rowBytes };
    return { ...tensor, ...place, name: `${block}${name}.${kind}`, shape: [rows, ...cols] };
  });
}

/** Gemma 3n's stacks of matrices: `altup_proj.0.weight` and so on. */
function matricesOf(tensor: GgufTensor): GgufTensor[] {
  const [n, ...shape] = tensor.shape as [number, number, number];
  const sizeBytes = bytesOf({ ...tensor, shape });
  return Array.from({ length: n }, (_, i) => {
    const place = { sizeBytes, offsetBytes: tensor.offsetBytes + i * sizeBytes };
    return { ...tensor, ...place, shape, name: tensor.name.replace('.weight', `.${i}.weight`) };
  });
}

interface Part {
  readonly name: string;
  readonly rows: number;
}

/** What a block's fused matrix holds, told by the matrix that takes the results; undefined where nothing is fused. */
function rowsOfParts(block: string, stem: string, tensors: Tensors): Part[] | undefined {
  const has = (name: string): boolean => tensors.has(`${block}${name}.weight`);
  const rows = tensors.get(`${block}${stem}.weight`)?.shape[0] ?? 0;
  const taken = (name: string): number => tensors.get(`${block}${name}.weight`)?.shape[1] ?? 0;
  if (stem !== 'attn_qkv') {
    const gate = stem.replace('up', 'gate');
    const ffnDim = taken(stem.replace('up', 'down'));
    return has(gate) || ffnDim === 0 || rows !== 2 * ffnDim ? undefined : named({ [gate]: ffnDim, [stem]: ffnDim });
  }
  const qDim = taken('attn_output');
  const kvDim = (rows - qDim) / 2;
  if (has('attn_q') || has('attn_k') || has('attn_v') || qDim === 0 || !(kvDim > 0 && Number.isInteger(kvDim))) return undefined;
  return named({ attn_q: qDim, attn_k: kvDim, attn_v: kvDim });
}

const named = (parts: Readonly<Record<string, number>>): Part[] =>
  Object.entries(parts).map(([name, rows]) => ({ name, rows }));
