import { basename, dirname, join } from 'node:path';
import { openNodeSink, splitGguf } from '../../../src/gguf.ts';
import { UsageError, type Command } from '../command.ts';
import { withFile } from '../models.ts';
import { forceOption, refuseSame } from '../output.ts';
import { parseSize } from '../sizes.ts';
import { formatBytes, printLine, progressBar } from '../terminal.ts';

export const split: Command = {
  summary: 'cut a model into several files',
  usage: 'MODEL PREFIX [--max-size 48M]',
  about: `Writes PREFIX-00001-of-0000N.gguf and so on, which thimble and llama.cpp open by the first one. Tensors and metadata are copied
byte for byte; all files appear together or, where something fails, none.`,
  positionals: [2, 2],
  options: {
    ...forceOption,
    'max-size': { value: 'SIZE', help: 'no file is longer: bytes, or with K, M or G (powers of 1024; default 48M)' },
  },
  examples: [['thimble split model.gguf shards/model --max-size 2G', 'shards of at most 2 GiB']],
  async run(args, signal) {
    const [model, prefix] = args.positionals as readonly [string, string];
    if (/[\\/]$/.test(prefix)) throw new UsageError(`PREFIX is a folder; add a name, as in ${join(prefix, 'model')}`);
    const maxShardBytes = parseSize('max-size', args.text('max-size') ?? '48M');
    const bar = progressBar('splitting');
    const names = await withFile(model, { signal }, (file) =>
      splitGguf(file, {
        prefix: basename(prefix),
        maxShardBytes,
        openSink(shard) {
          const path = join(dirname(prefix), shard);
          refuseSame(file, path);
          return openNodeSink(path, { replace: args.flag('force') });
        },
        onProgress: (done, total) => bar.update(done, total, `${formatBytes(done)} of ${formatBytes(total)}`),
        signal,
      }),
    ).finally(() => bar.end());
    for (const shard of names) await printLine(join(dirname(prefix), shard));
  },
};
