/** Importance matrices: read, written and used; and the sums that they are made of. */
import { describe, expect, it } from 'vitest';
import { readImportance, writeImportance } from '../../src/compress/importance.ts';
import { planQuantization, quantizeGguf } from '../../src/compress/quantize.ts';
import { encoderOf } from '../../src/compress/encode/index.ts';
import type { BackendFactory } from '../../src/engine/backend_plan.ts';
import { collectSums } from '../../src/engine/column_sums.ts';
import { readGguf } from '../../src/gguf/read.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { matmulExperts } from '../../src/ops/matmul_experts.ts';
import { quantByName } from '../../src/quants/index.ts';
import { bytesFor, type QuantType } from '../../src/quants/quant_type.ts';
import { entry, ggufBytes, id, memoryFolder, memorySource, text } from '../helpers/gguf_bytes.ts';
import { allLogits, openBytes } from '../helpers/open.ts';
import { tinyModel } from '../helpers/tiny_models.ts';
import { wasm } from '../models/steps.ts';
import { seeded } from '../tokenizers/vocabs.ts';

const tokens = [1, 7, 3, 9, 4, 4, 2, 8, 5, 6, 1, 3];
const noPause = () => Promise.resolve();

/** What `model.columnSums` gives, in this thread. */
async function sumsOf(name: string, texts: readonly (readonly number[])[], maxLogits = 5, factory?: BackendFactory) {
  const bytes = tinyModel(name);
  const model = await openBytes(bytes, { nCtx: 32, maxLogits, kvType: 'f32' }, factory);
  const collector = collectSums(await readGguf(memorySource(bytes)));
  const read: number[] = [];
  await collector.read(model.openSession([], collector), texts, (n) => read.push(n), noPause);
  await model.close();
  return { sums: collector.sums(), read };
}

async function matrixOf(name: string) {
  const { sums } = await sumsOf(name, [tokens]);
  const folder = memoryFolder();
  const content = { matrices: sums, datasets: ['a.txt'], nChunks: 1, chunkSize: 12 };
  await writeImportance(await folder.openSink('m.gguf'), content);
  return { sums, bytes: folder.files.get('m.gguf')!, source: memorySource(folder.files.get('m.gguf')!, 'm.gguf') };
}

describe('sums of squares', () => {
  it('are there for every matrix of the layers, with the rows of all texts', async () => {
    const { sums, read } = await sumsOf('llama', [tokens, tokens.slice(0, 4)]);
    const stems = ['attn_k', 'attn_output', 'attn_q', 'attn_v', 'ffn_down', 'ffn_gate', 'ffn_up'];
    const names = [0, 1].flatMap((layer) => stems.map((stem) => `blk.${layer}.${stem}.weight`));
    expect(sums.map(({ name }) => name).sort()).toEqual(names);
    for (const { name, sums: squares, counts } of sums) {
      expect([name, squares.length, ...counts]).toEqual([name, name.includes('down') ? 96 : 64, 16]);
    }
    expect(read).toEqual([5, 10, 12, 16]);
  });

  it('are what the plain loops say', async () => {
    const bytes = tinyModel('llama');
    const file = await readGguf(memorySource(bytes));
    const seen = new Map<string, Float64Array>();
    const watched = matmul.reference;
    const op = matmul as { reference: typeof matmul.reference };
    op.reference = (args) => {
      const [w, x] = args.node.inputs;
      const nCols = x!.shape.at(-1)!;
      const nRows = args.node.out.rows === 'tokens' ? args.step.tokens.length : args.step.nLogits;
      const squares = seen.get(w!.name) ?? new Float64Array(nCols);
      for (let i = 0; i < nRows * nCols; i++) squares[i % nCols]! += args.inputs[1]![i]! ** 2;
      seen.set(w!.name, squares);
      watched(args);
    };
    try {
      const { sums } = await sumsOf('llama', [tokens]);
      for (const { name, sums: squares } of sums) expect(squares, name).toEqual(Float32Array.from(seen.get(name)!));
    } finally {
      op.reference = watched;
    }
    expect(file.tensors.size).toBeGreaterThan(0);
  });

  it('do not depend on how a text is cut into steps', async () => {
    const [some, all] = [await sumsOf('llama', [tokens], 3), await sumsOf('llama', [tokens], 12)];
    for (const [i, { sums }] of some.sums.entries()) {
      for (const [c, square] of sums.entries()) expect(square).toBeCloseTo(all.sums[i]!.sums[c]!, 4);
    }
  });

  it('go by the names in the file, where matrices lie on top of each other', async () => {
    const { sums } = await sumsOf('llama-fused', [tokens]);
    const names = sums.map(({ name }) => name).filter((name) => name.startsWith('blk.0.attn'));
    expect(names.sort()).toEqual(['blk.0.attn_output.weight', 'blk.0.attn_qkv.weight']);
    expect(sums.find(({ name }) => name === 'blk.0.attn_qkv.weight')!.counts).toEqual(Float32Array.of(12));
  });
});

describe('sums of squares of experts', () => {
  /** What the plain loops read of each expert's rows. */
  async function watchedSums(name: string) {
    const seen = new Map<string, Map<number, { squares: Float64Array; n: number }>>();
    const watched = matmulExperts.reference;
    const op = matmulExperts as { reference: typeof matmulExperts.reference };
    op.reference = (args) => {
      const [w, x] = args.node.inputs;
      const nUsed = args.node.params['nUsed']!;
      const [nCols, xCols] = [w!.shape.at(-1)!, x!.shape.at(-1)!];
      const ofMatrix = seen.get(w!.name) ?? new Map<number, { squares: Float64Array; n: number }>();
      seen.set(w!.name, ofMatrix);
      for (let t = 0; t < args.step.tokens.length; t++) {
        for (let j = 0; j < nUsed; j++) {
          const expert = args.inputs[2]![2 * nUsed * t + j]!;
          const sums = ofMatrix.get(expert) ?? { squares: new Float64Array(nCols), n: 0 };
          ofMatrix.set(expert, sums);
          sums.n++;
          for (let i = 0; i < nCols; i++)
            sums.squares[i]! += args.inputs[1]![t * xCols + (xCols > nCols ? j * nCols : 0) + i]! ** 2;
        }
      }
      watched(args);
    };
    try {
      return { sums: (await sumsOf(name, [tokens])).sums, seen };
    } finally {
      op.reference = watched;
    }
  }

  it.each(['mixtral', 'granite_swa-experts'])('are those of the rows that chose each: %s', async (name) => {
    const { sums, seen } = await watchedSums(name);
    expect(seen.size).toBeGreaterThan(3);
    for (const [matrix, ofMatrix] of seen) {
      const { sums: squares, counts } = sums.find((each) => each.name === matrix)!;
      const nCols = squares.length / counts.length;
      for (const [expert, count] of counts.entries()) {
        const wanted = ofMatrix.get(expert);
        expect(count).toBe(wanted?.n ?? 0);
        const own = squares.subarray(expert * nCols, (expert + 1) * nCols);
        expect(own).toEqual(Float32Array.from(wanted?.squares ?? new Float64Array(nCols)));
      }
    }
    expect(sums.map((each) => each.name)).toContain('blk.0.ffn_gate_inp.weight');
  });

  it.each(['mixtral', 'gemma4-experts', 'nemotron_h_moe-latent'])('are the same on WASM, about: %s', async (name) => {
    const [plain, fast] = [await sumsOf(name, [tokens]), await sumsOf(name, [tokens], 5, wasm('simd'))];
    expect(fast.sums.map((each) => each.name).sort()).toEqual(plain.sums.map((each) => each.name).sort());
    expect(fast.sums.some((each) => each.name.includes('_exps'))).toBe(true);
    for (const { name, sums, counts } of fast.sums) {
      const wanted = plain.sums.find((each) => each.name === name)!;
      expect([name, ...counts]).toEqual([name, ...wanted.counts]);
      const most = Math.max(...wanted.sums);
      for (const [c, square] of sums.entries())
        expect(Math.abs(square - wanted.sums[c]!), `${name} ${c}`).toBeLessThan(1e-4 * most);
    }
  });

  it('weigh the errors of each expert by its own', async () => {
    const bytes = tinyModel('mixtral');
    const file = await readGguf(memorySource(bytes));
    const importance = await readImportance((await matrixOf('mixtral')).source);
    const folder = memoryFolder();
    await quantizeGguf(file, planQuantization(file, 'Q4_0', { importance }), await folder.openSink('out.gguf'));
    const out = await readGguf(memorySource(folder.files.get('out.gguf')!));
    const q4_0 = quantByName.get('q4_0')!;
    const name = 'blk.1.ffn_up_exps.weight';
    const { offsetBytes, sizeBytes } = file.tensors.get(name)!;
    const floats = new Float32Array(bytes.slice(offsetBytes, offsetBytes + sizeBytes).buffer);
    const columns = importance.columns.get(name)!;
    expect(columns.length).toBe(6 * 64);
    const came = out.tensors.get(name)!;
    for (let expert = 0; expert < 6; expert++) {
      const own = floats.subarray(expert * 96 * 64, (expert + 1) * 96 * 64);
      const wanted = new Uint8Array((own.length / 32) * q4_0.blockBytes);
      encoderOf(q4_0)!(own, wanted, columns.subarray(expert * 64, (expert + 1) * 64));
      const at = came.offsetBytes + expert * wanted.length;
      expect(Buffer.compare(folder.files.get('out.gguf')!.subarray(at, at + wanted.length), wanted)).toBe(0);
    }
    const model = await openBytes(folder.files.get('out.gguf')!);
    expect((await allLogits(model, tokens)).every((row) => row.every(Number.isFinite))).toBe(true);
    await model.close();
  });
});

describe('an importance matrix', () => {
  it('comes back as it was written: means of squares', async () => {
    const { sums, source } = await matrixOf('llama');
    const { name, datasets, nChunks, columns } = await readImportance(source);
    expect([name, datasets, nChunks, columns.size]).toEqual(['m.gguf', ['a.txt'], 1, 14]);
    for (const { name, sums: squares } of sums) expect(columns.get(name)).toEqual(squares.map((sum) => sum / 12));
  });

  it('has the form that llama.cpp reads', async () => {
    const { source } = await matrixOf('llama');
    const { metadata, tensors } = await readGguf(source);
    expect([...metadata.entries()].map(([key, { type }]) => `${key} ${type}`)).toEqual([
      ...['general.type string', 'imatrix.datasets array', 'imatrix.chunk_count u32', 'imatrix.chunk_size u32'],
    ]);
    expect([...tensors.keys()].slice(0, 2)).toEqual(['blk.0.attn_k.weight.in_sum2', 'blk.0.attn_k.weight.counts']);
    expect(tensors.get('blk.0.ffn_down.weight.in_sum2')!.shape).toEqual([1, 96]);
    expect(tensors.get('blk.0.ffn_down.weight.counts')!.shape).toEqual([1, 1]);
  });

  it('makes other bytes of a model: those that the encoders make with it', async () => {
    const bytes = tinyModel('llama');
    const file = await readGguf(memorySource(bytes));
    const importance = await readImportance((await matrixOf('llama')).source);
    const folder = memoryFolder();
    await quantizeGguf(file, planQuantization(file, 'Q4_0', { importance }), await folder.openSink('out.gguf'));
    const out = await readGguf(memorySource(folder.files.get('out.gguf')!));
    const q4_0 = quantByName.get('q4_0')!;
    for (const name of ['blk.0.attn_q.weight', 'blk.1.ffn_up.weight']) {
      const { offsetBytes, sizeBytes } = file.tensors.get(name)!;
      const floats = new Float32Array(bytes.slice(offsetBytes, offsetBytes + sizeBytes).buffer);
      const [wanted, plain] = [0, 1].map(() => new Uint8Array((floats.length / 32) * q4_0.blockBytes)) as [
        Uint8Array,
        Uint8Array,
      ];
      encoderOf(q4_0)!(floats, wanted, importance.columns.get(name));
      encoderOf(q4_0)!(floats, plain);
      const at = out.tensors.get(name)!.offsetBytes;
      const came = folder.files.get('out.gguf')!.subarray(at, at + wanted.length);
      expect(came).toEqual(wanted);
      expect(came).not.toEqual(plain);
    }
    expect(out.metadata.string('quantize.imatrix.file')).toBe('m.gguf');
    expect(out.metadata.string('quantize.imatrix.dataset')).toBe('a.txt');
    expect(out.metadata.u32('quantize.imatrix.entries_count')).toBe(14);
    expect(out.metadata.u32('quantize.imatrix.chunks_count')).toBe(1);
  });

  it('gives each expert of a stack its own, and one that nothing came to the same for all columns', async () => {
    const folder = memoryFolder();
    const matrix = {
      name: 'blk.0.ffn_up_exps.weight',
      sums: Float32Array.of(2, 4, 0, 0),
      counts: Float32Array.of(2, 0),
    };
    const content = { matrices: [matrix], datasets: [], nChunks: 1, chunkSize: 2 };
    await writeImportance(await folder.openSink('e.gguf'), content);
    const { columns } = await readImportance(memorySource(folder.files.get('e.gguf')!));
    expect(columns.get(matrix.name)).toEqual(Float32Array.of(1, 2, 1, 1));
  });

  it.each<[string, (column: number) => number]>([
    ['nothing', () => 0],
    ['a block that the texts never used', (column) => (column < 256 ? 0 : 1)],
    ['one column', (column) => (column === 300 ? 1 : 0)],
    ['numbers that are very large', () => 3e38],
    ['numbers that are very small', () => 1e-44],
    ['both', (column) => (column % 7 === 0 ? 1e-30 : 1e30)],
  ])('of %s leaves weights as they are, about', async (_, of) => {
    const nCols = 512;
    const folder = memoryFolder();
    const matrix = {
      name: 'w',
      sums: Float32Array.from({ length: nCols }, (_, i) => of(i)),
      counts: Float32Array.of(1),
    };
    const content = { matrices: [matrix], datasets: [], nChunks: 1, chunkSize: 2 };
    await writeImportance(await folder.openSink('e.gguf'), content);
    const importance = (await readImportance(memorySource(folder.files.get('e.gguf')!))).columns.get('w');
    const random = seeded(3);
    const weights = Float32Array.from({ length: nCols }, () => random() - 0.5);
    const errorOf = (quant: QuantType, importance?: Float32Array): number => {
      const [bytes, floats] = [new Uint8Array(bytesFor(quant, nCols)), new Float32Array(nCols)];
      encoderOf(quant)!(weights, bytes, importance);
      quant.dequantize!(bytes, floats);
      return weights.reduce((sum, x, i) => sum + (x - floats[i]!) ** 2, 0);
    };
    for (const quant of [...quantByName.values()].filter(encoderOf)) {
      await quant.load?.();
      expect(errorOf(quant, importance), quant.name).toBeLessThan(errorOf(quant) + 4); // of 43: that of zeros
    }
  });

  it('is told from a model, and damage is named', async () => {
    await expect(readImportance(memorySource(tinyModel('llama')))).rejects.toThrow(
      /of type "model", expected an importance matrix/,
    );
    const old = Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 119, 1, 0, 0, 0);
    for (const bytes of [old, old.slice(0, 2)])
      await expect(readImportance(memorySource(bytes, 'a.dat'))).rejects.toThrow(
        /a\.dat is no GGUF file, .*llama-imatrix/,
      );
    const empty = ggufBytes({ metadata: [entry('general.type', id.string, text('imatrix'))] });
    await expect(readImportance(memorySource(empty))).rejects.toThrow(/expected an importance matrix; thimble imatrix/);
    await expect(readImportance(memorySource(Uint8Array.of(210, 0, 0, 0, 19)))).rejects.toThrow(
      /is no GGUF file, expected an importance matrix; .*llama-imatrix --in-file/,
    );
    const { bytes } = await matrixOf('llama');
    const file = await readGguf(memorySource(bytes));
    for (const value of [NaN, -1, Infinity]) {
      const harmed = bytes.slice();
      const { offsetBytes } = file.tensors.get('blk.0.attn_k.weight.in_sum2')!;
      new DataView(harmed.buffer).setFloat32(offsetBytes + 8, value, true);
      await expect(readImportance(memorySource(harmed))).rejects.toThrow(
        /attn_k.weight.in_sum2: number 2 is .*expected a sum of squares/,
      );
    }
  });
});
