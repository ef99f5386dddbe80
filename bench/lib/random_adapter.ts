import { openModelFile } from '../../src/platform/model_file.ts';
import { writeGguf, type TensorToWrite } from '../../src/gguf/write.ts';
import { quantByName } from '../../src/quants/index.ts';
import { normal, random } from '../measure/random_blocks.ts';

const f32 = quantByName.get('f32')!;
const projection = /^blk\.\d+\.(attn_(q|k|v|qkv|output)|ffn_(gate|up|down))\.weight$/;

/** A LoRA adapter's file of made-up numbers, for all projections in a model's layers. */
export async function randomAdapter(model: string, rank: number): Promise<Blob> {
  const file = await openModelFile(model);
  try {
    const next = random(1);
    const tensors = [...file.tensors.values()]
      .filter(({ name }) => projection.test(name))
      .flatMap(({ name, shape }) => {
        const [rows, cols] = shape as [number, number];
        return [
          matrix(`${name}.lora_a`, [rank, cols], () => normal(next) / Math.sqrt(cols)),
          matrix(`${name}.lora_b`, [rows, rank], () => normal(next) / 50),
        ];
      });
    if (tensors.length === 0) throw new Error(`${model} has none of the projections that adapters are made for here`);
    const metadata = new Map([
      ['general.type', { type: 'string', value: 'adapter' }],
      ['general.architecture', { type: 'string', value: file.metadata.string('general.architecture') }],
      ['adapter.type', { type: 'string', value: 'lora' }],
      ['adapter.lora.alpha', { type: 'f32', value: 2 * rank }],
    ] as const);
    const pieces: BlobPart[] = [];
    const write = (piece: Uint8Array): Promise<void> => {
      pieces.push(piece.slice());
      return Promise.resolve();
    };
    const nothing = (): Promise<void> => Promise.resolve();
    await writeGguf({ name: 'adapter', write, finish: nothing, abort: nothing }, { metadata, tensors });
    return new Blob(pieces);
  } finally {
    await Promise.all(file.sources.map((source) => source.close?.()));
  }
}

const matrix = (name: string, shape: readonly [number, number], number: () => number): TensorToWrite => ({
  name,
  quant: f32,
  shape,
  pieces: () => [new Uint8Array(Float32Array.from({ length: shape[0] * shape[1] }, number).buffer)],
});
