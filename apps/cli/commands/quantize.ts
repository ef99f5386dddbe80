import { availableParallelism } from 'node:os';
import {
  mixNamed,
  mixNames,
  openNodeFile,
  openNodeSink,
  planQuantization,
  quantizeGguf,
  readImportance,
  writableTypes,
  type GgufFile,
  type Importance,
  type QuantizationPlan,
} from '../../../src/gguf.ts';
import { UsageError, type Arguments, type Command } from '../command.ts';
import { sizesByType } from '../inspect/facts.ts';
import { tensorKinds, typeRows } from '../inspect/rows.ts';
import { fittingRows, outputWidth } from '../layout.ts';
import { withFile } from '../models.ts';
import { forceOption, refuseSame } from '../output.ts';
import { complain, formatBytes, harmlessName, plural, printLine, progressBar, style } from '../terminal.ts';
import { timeLeft } from '../time_left.ts';

/** More threads than that wait for the disk. */
const mostThreads = 16;

export const quantize: Command = {
  summary: 'make a model smaller',
  usage: 'MODEL OUT MIX [options]',
  about: `Mixes: ${mixNames.join(' ')}.

A mix gives each matrix the type that llama.cpp gives it under that name: most get the type it is called after, those that feel rounding
most get more bits, norms and biases stay as they are. Q4_K_M is what most people take; Q8_0 loses next to nothing; Q3_K_M and smaller
ones want an importance matrix, which "thimble imatrix" makes. Where rows are not whole blocks of 256, as the K types and iq4_xs need, the nearest
type with blocks of 32 stands in. MXFP4_MOE and Q1_0 are for models that were trained that way.

Best made from a model in f16 or more: quantising what is quantised already adds up the errors. OUT appears when it is whole, and is the
same whatever --threads says.`,
  positionals: [1, 3],
  options: {
    type: { value: 'MIX', help: 'the mix, in capitals or not; the same as the third argument' },
    imatrix: { short: 'i', value: 'FILE', help: 'an importance matrix: errors count where the model looks' },
    pure: { help: 'one type for all matrices, the output matrix, too' },
    'tensor-type': {
      ...{ value: 'NAME=TYPE', many: true, rare: true },
      help: `tensors with NAME in their names (a regular expression) get TYPE, one of ${writableTypes.join(' ')}`,
    },
    threads: { short: 't', value: 'N', help: `threads that encode (default: one per core, at most ${mostThreads})` },
    'dry-run': { help: 'show what would become what, and write nothing' },
    ...forceOption,
  },
  examples: [
    ['thimble quantize model-f16.gguf model-q4_k_m.gguf Q4_K_M', 'about 4.8 bits a weight'],
    ['thimble quantize model-f16.gguf small.gguf Q2_K --imatrix model.imatrix.gguf', 'as small as makes sense'],
    ['thimble quantize model-f16.gguf Q5_K_M --dry-run', 'what becomes what'],
  ],
  async run(args, signal) {
    const [model, out] = args.positionals as readonly [string, string?];
    const name = readMix(args);
    const tensorTypes = args.texts('tensor-type').map(readTensorType);
    const threads = args.count('threads', { max: 64 }) ?? Math.min(mostThreads, availableParallelism());
    const isDry = args.flag('dry-run');
    if (out === undefined && !isDry) throw missing('OUT');
    const importance = await readMatrix(args.text('imatrix'), signal);
    await withFile(model, { signal }, async (file) => {
      if (!isDry) refuseSame(file, out!, args.text('imatrix'));
      const plan = planQuantization(file, name, { pure: args.flag('pure'), importance, tensorTypes });
      tellTwice(plan);
      tellUnknown(plan);
      tellUnused(file, args.texts('tensor-type'));
      if (isDry) return showPlan(file, plan);
      const bar = progressBar('quantising');
      const left = timeLeft();
      const onProgress = (done: number, total: number) =>
        bar.update(done, total, `${formatBytes(done)} of ${formatBytes(total)}${left(done, total)}`);
      const sink = await openNodeSink(out!, { replace: args.flag('force') });
      await quantizeGguf(file, plan, sink, { threads, onProgress, signal }).finally(() => bar.end());
      const types = sizesByType(planned(file, plan)).map(({ type, tensors }) => `${tensors} ${type}`);
      await printLine(`${out}: ${sizes(file, plan)} (${plan.mix}: ${types.join(', ')})`);
    });
  },
};

/** @throws UsageError for a mix that is not made. */
function readMix(args: Arguments): string {
  const given = args.text('type');
  const third = args.positionals[2];
  if (given !== undefined && third !== undefined)
    throw new UsageError(`unexpected argument ${JSON.stringify(third)}: there is a --type already`);
  const second = args.positionals[1];
  const name = given ?? third ?? (args.flag('dry-run') ? second : undefined); // nothing is written: there need be no OUT
  const expected = `expected one of ${mixNames.join(', ')}`;
  if (name === undefined && second !== undefined && mixNamed(second)) throw missing('OUT');
  if (name === undefined) throw new UsageError(`the mix is missing, ${expected}`);
  if (mixNamed(name)) return name;
  throw new UsageError(`the mix is ${JSON.stringify(name)}, ${expected}`);
}

const missing = (argument: string): UsageError => new UsageError(`an argument is missing: ${argument}`);

function readTensorType(given: string): readonly [pattern: RegExp, type: string] {
  const [, name, type = ''] = /^(.+)=(\w+)$/.exec(given) ?? [];
  const quant = type.toLowerCase();
  if (name === undefined || !writableTypes.includes(quant)) {
    throw new UsageError(
      `--tensor-type is ${JSON.stringify(given)}, expected NAME=TYPE with TYPE one of ${writableTypes.join(', ')}`,
    );
  }
  try {
    return [new RegExp(name), quant];
  } catch {
    throw new UsageError(`--tensor-type is ${JSON.stringify(given)}, whose NAME is no regular expression`);
  }
}

async function readMatrix(path: string | undefined, signal: AbortSignal): Promise<Importance | undefined> {
  if (path === undefined) return undefined;
  if (path === '') throw new UsageError('--imatrix is empty, expected the path of a file');
  const source = await openNodeFile(path);
  try {
    return await readImportance(source, { signal });
  } finally {
    await source.close?.();
  }
}

/** What was rounded before is rounded again; what q8_0 has lost is too little to tell. */
function tellTwice({ tensors }: QuantizationPlan): void {
  const twice = tensors.filter(({ from, quant }) => quant !== from.quant && from.quant.blockSize > 1);
  const [first] = twice.filter(({ from }) => from.quant.name !== 'q8_0');
  if (!first) return;
  const what = `${plural(twice.length, 'matrix is', 'matrices are')} quantised already (${first.from.quant.name} …)`;
  complain(`note: ${what}, and errors add up: a model in f16 gives a better one`);
}

/** Matrices that the importance matrix does not know are encoded as without one. */
function tellUnknown({ tensors, importance }: QuantizationPlan): void {
  if (!importance) return;
  const unknown = tensors.filter(({ from, quant, importance }) => quant !== from.quant && !importance);
  const names = unknown.map(({ from }) => from.name).filter((name) => !/token_embd|^output\.weight$/.test(name));
  if (names.length === 0) return;
  complain(
    `note: ${importance.name} does not know ${plural(names.length, 'matrix', 'matrices')} of this model, ${names[0]} for one`,
  );
}

/** A misspelled name changes nothing, and nobody should have to find that out. */
function tellUnused({ tensors }: GgufFile, given: readonly string[]): void {
  const names = [...tensors.keys()];
  for (const each of given) {
    const [pattern] = readTensorType(each);
    if (!names.some((name) => pattern.test(name)))
      complain(`note: --tensor-type ${each} is for no tensor of this model`);
  }
}

/** The file as it will be. */
function planned(file: GgufFile, { tensors }: QuantizationPlan): GgufFile {
  const all = tensors.map(({ from, quant, sizeBytes }) => [from.name, { ...from, quant, sizeBytes }] as const);
  return { ...file, tensors: new Map(all) };
}

async function showPlan(file: GgufFile, plan: QuantizationPlan): Promise<void> {
  const becomes = plan.tensors.map(({ from, quant, sizeBytes }) => {
    const name = quant === from.quant ? quant.name : `${from.quant.name} → ${quant.name}`;
    return [from.name, { ...from, quant: { ...quant, name }, sizeBytes }] as const;
  });
  const rows = tensorKinds({ ...file, tensors: new Map(becomes) });
  await showRows('Tensors', rows, '<<<>>');
  await showRows('Types', typeRows(sizesByType(planned(file, plan))), '<>>>');
  await printLine(`\n${plan.mix}: ${sizes(file, plan)}`);
}

async function showRows(title: string, rows: readonly (readonly string[])[], align: string): Promise<void> {
  await printLine(title, style.bold);
  const plain = rows.map((cells) => cells.map(harmlessName));
  for (const line of fittingRows(plain, align, { width: outputWidth(), cuts: false })) await printLine(line);
}

function sizes(file: GgufFile, { tensors }: QuantizationPlan): string {
  const before = [...file.tensors.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const after = tensors.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const params = tensors.reduce((sum, { from }) => sum + from.shape.reduce((product, n) => product * n, 1), 0);
  const bits = params > 0 ? `, ${((8 * after) / params).toFixed(2)} bits a weight` : '';
  return `${formatBytes(before)} of weights become ${formatBytes(after)}${bits}`;
}
