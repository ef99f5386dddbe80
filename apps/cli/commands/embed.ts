import { openNodeSink } from '../../../src/gguf.ts';
import type { EmbedOptions } from '../../../src/index.ts';
import type { Arguments, Command } from '../command.ts';
import { computedByJson, modelOptions, readModelOptions, withFile, withModel } from '../models.ts';
import { forceOption, refuseSame } from '../output.ts';
import { ctxOfTexts, readTexts, textsOptions } from '../texts.ts';
import { counted, formatBytes, plural, printJson, printLine, progressBar, remark, rounded } from '../terminal.ts';

export const embed: Command = {
  summary: 'turn texts into rows of numbers',
  usage: 'MODEL [TEXT...] [options]',
  about: `Texts that mean alike get rows that point alike: the sum of two rows' products is their cosine. MODEL is one that makes embeddings, such as MiniLM, bge, e5, nomic-embed or EmbeddingGemma. Without TEXT and --file, each line of stdin is a text.

Prints a line of numbers for each text, with spaces between. --out writes them as little-endian f32, [nTexts, dimensions].
--json prints one object: embeddings (a list of numbers for each text), dimensions, seconds, backend (what computed; on a GPU also gpu, what is known of it).`,
  positionals: [1, Infinity],
  options: {
    ...textsOptions,
    task: {
      value: 'NAME',
      help: "what the texts are for, as the model's card has prefixes for it: query, document, clustering …",
    },
    dimensions: {
      short: 'd',
      value: 'N',
      help: 'keep the first N numbers of each row, where the model was trained for that',
    },
    pooling: { value: 'KIND', help: "mean, cls or last, where the model's own is not wanted" },
    'keep-length': { help: 'leave rows as long as they are (default: all are made to be of length 1)' },
    out: { short: 'o', value: 'FILE', help: 'write the rows to a file' },
    ...forceOption,
    json: { help: 'print one JSON object and nothing else' },
    ...modelOptions,
    ...ctxOfTexts,
  },
  examples: [
    ['thimble embed minilm.gguf "How do I reset my password?" --json', 'one text'],
    ['thimble embed nomic.gguf --task document --file passages.txt --out passages.f32', 'a passage a line'],
    ['ls | thimble embed minilm.gguf', 'a row for each line'],
  ],
  async run(args, signal) {
    const [given, ...words] = args.positionals as readonly [string, ...string[]];
    const options = readEmbedOptions(args);
    const opening = { ...readModelOptions(args), signal };
    const out = args.text('out');
    if (out !== undefined)
      await withFile(given, { signal }, async (file) => refuseSame(file, out, ...args.texts('file'))); // before stdin is waited for
    const texts = await readTexts(args, words, signal);
    await withModel(given, opening, async (model) => {
      const startMs = performance.now();
      const bar = progressBar('embedding');
      const onProgress = (n: number, all: number) => bar.update(n, all, `${counted(n)} of ${plural(all, 'text')}`);
      const rows = await model.embed(texts, { ...options, onProgress, signal }).finally(() => bar.end());
      const seconds = rounded((performance.now() - startMs) / 1000);
      const dimensions = rows[0]!.length;
      if (out !== undefined) await write(out, rows, args.flag('force'));
      if (args.flag('json'))
        return printJson({
          embeddings: rows.map((row) => Array.from(row)),
          dimensions,
          seconds,
          ...computedByJson(model.info),
        });
      const what = `${plural(rows.length, 'text')}, ${dimensions} numbers each`;
      if (out !== undefined) return printLine(`${out}: ${what}, ${formatBytes(4 * dimensions * rows.length)}`);
      for (const row of rows) await printLine(Array.from(row, (x) => x.toPrecision(7)).join(' '));
      remark(`${what}, ${seconds} s`);
    });
  },
};

function readEmbedOptions(args: Arguments): EmbedOptions {
  const task = args.text('task');
  const pooling = args.choice('pooling', ['mean', 'cls', 'last']);
  const dimensions = args.count('dimensions');
  return {
    truncate: args.flag('truncate'),
    normalize: !args.flag('keep-length'),
    ...(task !== undefined && { task }),
    ...(pooling && { pooling }),
    ...(dimensions !== undefined && { dimensions }),
  };
}

async function write(path: string, rows: readonly Float32Array[], replace: boolean): Promise<void> {
  const sink = await openNodeSink(path, { replace });
  try {
    for (const row of rows) await sink.write(new Uint8Array(row.buffer, row.byteOffset, row.byteLength));
    await sink.finish();
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
