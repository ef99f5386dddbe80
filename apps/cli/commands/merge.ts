import { mergeGguf, openNodeSink } from '../../../src/gguf.ts';
import type { Command } from '../command.ts';
import { withFile } from '../models.ts';
import { forceOption, refuseSame } from '../output.ts';
import { formatBytes, plural, printLine, progressBar } from '../terminal.ts';

export const merge: Command = {
  summary: 'put the files of a split model together',
  usage: 'FIRST_SHARD OUT',
  about:
    'Tensors and metadata are copied byte for byte, without the keys that splitting added. OUT appears when it is whole.',
  positionals: [2, 2],
  options: forceOption,
  examples: [['thimble merge smollm2 smollm2.gguf', 'the embedded model as one file']],
  async run(args, signal) {
    const [first, out] = args.positionals as readonly [string, string];
    const bar = progressBar('merging');
    await withFile(first, { signal }, async (file) => {
      refuseSame(file, out);
      const onProgress = (done: number, total: number) =>
        bar.update(done, total, `${formatBytes(done)} of ${formatBytes(total)}`);
      await mergeGguf(file, await openNodeSink(out, { replace: args.flag('force') }), { onProgress, signal });
      bar.end();
      await printLine(`${out}: ${plural(file.tensors.size, 'tensor')} of ${plural(file.sources.length, 'file')}`);
    }).finally(() => bar.end());
  },
};
