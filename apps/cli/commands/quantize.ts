import { openNodeSink, planQuantization, quantizableTypes, quantizeGguf } from '../../../src/gguf.ts';
import { UsageError, type Command } from '../command.ts';
import { withFile } from '../models.ts';
import { forceOption, refuseSame } from '../output.ts';
import { formatBytes, printLine, progressBar } from '../terminal.ts';

export const quantize: Command = {
  summary: 'make a model smaller',
  usage: 'MODEL OUT --type TYPE',
  about: `Types: ${quantizableTypes.join(' ')}.

Matrices get TYPE; norms and biases stay as they are. The output matrix (the token table, where the model has no other) feels
rounding most and gets q6_k, unless TYPE is q8_0 or a float type. Where rows are not whole blocks of 256, as the K types and
iq4_xs need, the nearest type with blocks of 32 stands in: q5_0 for q4_k, q5_1 for q5_k, q8_0 for q6_k, iq4_nl for iq4_xs. q1_0 is for
models that were trained with weights of one bit. Best made from a model in f16 or
more: quantising what is quantised already adds up the errors. OUT appears when it is whole.`,
  positionals: [2, 3],
  options: {
    type: { short: 't', value: 'TYPE', help: 'quant type of the matrices, in capitals or not' },
    ...forceOption,
  },
  examples: [['thimble quantize model-f16.gguf model-q4_0.gguf --type q4_0', 'about 4.5 bits a weight']],
  async run(args, signal) {
    const [model, out, word] = args.positionals as readonly [string, string, string?];
    const named = args.text('type');
    if (named !== undefined && word !== undefined)
      throw new UsageError(`unexpected argument ${JSON.stringify(word)}: there is a --type already`);
    const type = readType(named ?? word);
    const bar = progressBar('quantising');
    await withFile(model, { signal }, async (file) => {
      refuseSame(file, out);
      const plan = planQuantization(file, type);
      const onProgress = (done: number, total: number) =>
        bar.update(done, total, `${formatBytes(done)} of ${formatBytes(total)}`);
      await quantizeGguf(file, plan, await openNodeSink(out, { replace: args.flag('force') }), { onProgress, signal });
      bar.end();
      const before = [...file.tensors.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const after = plan.tensors.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      const count = (name: string) => plan.tensors.filter(({ quant }) => quant.name === name).length;
      const types = [...new Set(plan.tensors.map(({ quant }) => quant.name))].map((name) => `${count(name)} ${name}`);
      await printLine(`${out}: ${formatBytes(before)} of weights became ${formatBytes(after)} (${types.join(', ')})`);
    }).finally(() => bar.end());
  },
};

/** @throws UsageError for a type that is not written; of a mixture it names the single type that is nearest. */
function readType(given: string | undefined): string {
  const types = quantizableTypes.join(', ');
  if (given === undefined) throw new UsageError(`--type is missing, expected one of ${types}`);
  const type = given.toLowerCase().replaceAll('-', '_');
  if (quantizableTypes.includes(type)) return type;
  const nearest = /^(q\d_k)_(s|m|l|xl)$/.exec(type)?.[1];
  const came = `--type is ${JSON.stringify(given)}`;
  if (nearest === undefined || !quantizableTypes.includes(nearest))
    throw new UsageError(`${came}, expected one of ${types}`);
  throw new UsageError(
    `${came}, a mixture of types, which thimble does not make yet; the nearest single type is ${nearest}`,
  );
}
