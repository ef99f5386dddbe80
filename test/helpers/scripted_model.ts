import { quantByName } from '../../src/quants/index.ts';
import { writeGguf, type MetadataToWrite, type TensorToWrite } from '../../src/gguf/write.ts';
import { bytesVocab } from '../tokenizers/vocabs.ts';
import { memoryFolder } from './gguf_bytes.ts';

/** A token that the model says: its piece, as the vocabulary spells it, and its type (1 text, 3 control, 4 user-defined). */
export type ScriptToken = string | readonly [piece: string, type: number];

export interface Script {
  /** What the model says after any text that does not end with a token of the script, last an end token. */
  readonly says: readonly ScriptToken[];
  readonly template?: string;
  /** Further tokens, which the model never says. */
  readonly knows?: readonly ScriptToken[];
}

const nBytes = 256;
const headDim = 32;

/**
 * A model that says what it is told to, by temperature 0: a Llama whose layer does nothing, whose embeddings are the unit vectors, and whose
 * output gives each token's successor the largest logit. A real file for the real engine.
 */
export async function scriptedModel({ says, template, knows = [] }: Script): Promise<Blob> {
  const script = [...says, ...knows].map((token): [string, number] =>
    typeof token === 'string' ? [spelled(token), 1] : [spelled(token[0]), token[1]],
  );
  const vocab = bytesVocab({ added: script });
  const nVocab = vocab.tokens.length;
  const dim = Math.ceil(nVocab / headDim) * headDim;
  const successor = (token: number): number =>
    token < nBytes || token + 1 >= nBytes + says.length ? nBytes : token + 1;
  const embed = new Float32Array(nVocab * dim);
  const output = new Float32Array(nVocab * dim);
  for (let token = 0; token < nVocab; token++) {
    embed[token * dim + token] = 1;
    output[successor(token) * dim + token] = 1;
  }
  const metadata = new Map<string, MetadataToWrite>(
    Object.entries<MetadataToWrite>({
      'general.architecture': { type: 'string', value: 'llama' },
      'general.name': { type: 'string', value: 'scripted' },
      'llama.context_length': { type: 'u32', value: 512 },
      'llama.block_count': { type: 'u32', value: 1 },
      'llama.embedding_length': { type: 'u32', value: dim },
      'llama.feed_forward_length': { type: 'u32', value: headDim },
      'llama.attention.head_count': { type: 'u32', value: dim / headDim },
      'llama.attention.layer_norm_rms_epsilon': { type: 'f32', value: 1e-5 },
      'tokenizer.ggml.model': { type: 'string', value: 'gpt2' },
      'tokenizer.ggml.pre': { type: 'string', value: 'gpt-2' },
      'tokenizer.ggml.tokens': { type: 'array', of: 'string', value: [...vocab.tokens] },
      'tokenizer.ggml.token_type': { type: 'array', of: 'i32', value: vocab.types! },
      'tokenizer.ggml.merges': { type: 'array', of: 'string', value: ['a b'] },
      ...(template !== undefined && { 'tokenizer.chat_template': { type: 'string', value: template } as const }),
    }),
  );
  const zeros = (rows: number, cols: number) => new Float32Array(rows * cols);
  const tensors = [
    tensor('token_embd.weight', [nVocab, dim], embed),
    tensor('output.weight', [nVocab, dim], output),
    ...['output_norm', 'blk.0.attn_norm', 'blk.0.ffn_norm'].map((name) =>
      tensor(`${name}.weight`, [dim], new Float32Array(dim).fill(1)),
    ),
    ...['attn_q', 'attn_k', 'attn_v', 'attn_output'].map((name) =>
      tensor(`blk.0.${name}.weight`, [dim, dim], zeros(dim, dim)),
    ),
    ...['ffn_gate', 'ffn_up'].map((name) => tensor(`blk.0.${name}.weight`, [headDim, dim], zeros(headDim, dim))),
    tensor('blk.0.ffn_down.weight', [dim, headDim], zeros(dim, headDim)),
  ];
  const folder = memoryFolder();
  await writeGguf(await folder.openSink('scripted.gguf'), { metadata, tensors });
  return new Blob([folder.files.get('scripted.gguf')!.slice()]);
}

function tensor(name: string, shape: readonly number[], weights: Float32Array): TensorToWrite {
  const bytes = new Uint8Array(weights.buffer);
  return { name, shape, quant: quantByName.get('f32')!, pieces: () => [bytes] };
}

/** Bytes as a byte-level vocabulary spells them: of text only, and of what scripts need. */
const spelled = (text: string): string => text.replaceAll(' ', '\u0120').replaceAll('\n', '\u010a');
