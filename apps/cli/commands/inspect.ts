import type { GgufFile } from '../../../src/gguf.ts';
import type { Command } from '../command.ts';
import { adapterText, isModel, sizesByType, sumsOf, textOf, toJson } from '../inspect/facts.ts';
import { probeDevice, type Fit } from '../../../src/index.ts';
import { fittingOf, helpOf, pagedText, type Fitting } from '../inspect/fit.ts';
import { metadataRows, tensorKinds, tensorRows, typeRows } from '../inspect/rows.ts';
import { fittingRows, outputWidth, twoColumns } from '../layout.ts';
import { modelOptions, modelTitle, readModelOptions, withFile } from '../models.ts';
import { inOptionWords } from '../option_words.ts';
import { counted, formatBytes, formatParams, harmlessName, plural, printJson, printLine, style } from '../terminal.ts';

const { ctx, kv, threads, activations, backend } = modelOptions;

export const inspect: Command = {
  summary: 'show what is in a model file, and whether it fits here',
  usage: 'MODEL [options]',
  about: `Reads the header alone, so that a file of any size is shown at once, also one that is still on a web server: MODEL may be its
address. Memory is what "thimble run" would take for --ctx
positions; a model that thimble cannot run is shown, too, with the reason.`,
  positionals: [1, 1],
  options: {
    ctx: {
      ...ctx,
      help: 'positions that memory is counted for (default: what the model was trained on, at most 4096)',
    },
    kv,
    threads,
    activations,
    backend: { ...backend, help: 'webgpu (once: npm install webgpu) or auto: what would lie on a GPU, too' },
    speed: { help: 'measure this machine for a second, and say how fast the model would decode' },
    all: { help: 'every key and every tensor' },
    json: { help: 'print one JSON object and nothing else' },
  },
  examples: [
    ['thimble inspect smollm2', 'what it is'],
    ['thimble inspect model.gguf --ctx 32768', 'would it fit into memory?'],
    ['thimble inspect model.gguf --all', 'every key and every tensor'],
  ],
  async run(args, signal) {
    const { nCtx, kvType, threads, activations, backend } = readModelOptions(args);
    const given = args.positionals[0]!;
    await withFile(given, { signal, keepUnknown: true, mayBeAddress: true }, async (file) => {
      const name = modelTitle(given, { info: { name: textOf(file, 'general.name') ?? file.sources[0]!.name } });
      const speed = args.flag('speed') ? await probeDevice({ ...(threads && { threads }), signal }) : undefined;
      const fit = await fittingOf(file, { nCtx, kvType, threads, activations, backend }, speed);
      if (args.flag('json')) return printJson(toJson(file, name, fit));
      await showTables(file, args.flag('all'));
      await showSummary(file, name, fit);
    });
  },
};

async function showTables(file: GgufFile, all: boolean): Promise<void> {
  for (const { name, size } of file.sources) {
    await printLine(`${harmlessName(name)}  GGUF v${file.version}, ${formatBytes(size)}`, style.bold);
  }
  const keys = metadataRows(file, all);
  const nMore = file.metadata.size - keys.length;
  const more = nMore > 0 ? `${plural(nMore, 'more key')}: --all` : undefined;
  await showTable('Metadata', { rows: keys, align: '<<<', more, cuts: true });
  const tensors = all ? { rows: tensorRows(file), align: '<<<>' } : { rows: tensorKinds(file), align: '<<<>>' };
  await showTable('Tensors', tensors);
  await showTable('Types', { rows: typeRows(sizesByType(file)), align: '<>>>' });
}

async function showTable(title: string, { rows, align, more, cuts = false }: Table): Promise<void> {
  if (rows.length === 0) return;
  await printLine('');
  await printLine(title, style.bold);
  const plain = rows.map((cells) => cells.map(harmlessName));
  for (const line of fittingRows(plain, align, { width: outputWidth(), cuts })) await printLine(line);
  if (more !== undefined) await printLine(`  ${more}`, style.dim);
}

interface Table {
  readonly rows: readonly (readonly string[])[];
  readonly align: string;
  /** Stands below. */
  readonly more?: string | undefined;
  /** Whether the last cell may be cut. */
  readonly cuts?: boolean;
}

/** The last lines: what people look for. */
async function showSummary(file: GgufFile, name: string, fit: Fitting): Promise<void> {
  const types = sizesByType(file);
  const { params, bytes } = sumsOf(types);
  const bits = params > 0 ? `, ${((8 * bytes) / params).toFixed(2)} bits a weight` : '';
  const adapter = adapterText(file);
  const rows: [string, string][] = [
    ['name', name],
    ['family', textOf(file, 'general.architecture') ?? 'not said'],
    ...(adapter === undefined ? [] : [['adapter', adapter] as [string, string]]),
    ['parameters', `${counted(params)} (${formatParams(params)})`],
    ['weights', `${formatBytes(bytes)} in ${plural(file.tensors.size, 'tensor')}${bits}`],
    ...(isModel(file) ? modelRows(file, fit) : [['use', fit.why] as [string, string]]),
  ];
  await printLine('');
  await printLine('Summary', style.bold);
  const lines = twoColumns(
    rows.map(([label, text]) => [label, harmlessName(text)]),
    outputWidth(),
  );
  for (const line of lines) await printLine(line);
}

function modelRows(file: GgufFile, { fit, why, warnings }: Fitting): [string, string][] {
  const said = warnings.map((warning): [string, string] => ['warning', warning]);
  const template: [string, string] = [
    'chat template',
    file.metadata.has('tokenizer.chat_template') ? 'in the file' : 'none in the file',
  ];
  if (!fit) return [template, ['memory', 'not known: thimble cannot run it'], ...said, ['fits here', `no: ${why}`]];
  const { tokensPerSecond, verdict, largestNCtx, nCtx } = fit;
  const helps = helpOf(fit).map((help): [string, string] => ['helps', help]);
  const longest: [string, string][] =
    verdict === 'no' && largestNCtx < nCtx ? [['longest', `${counted(largestNCtx)} positions would fit`]] : [];
  return [
    ['makes', madeBy(fit.model.makes)],
    template,
    ['memory', memoryText(fit)],
    ...(fit.gpu ? [['GPU', inOptionWords(gpuText(fit.gpu))] as [string, string]] : []),
    ...(tokensPerSecond ? [['speed', speedText(tokensPerSecond.decode)] as [string, string]] : []),
    ...said,
    ['fits here', `${verdicts[verdict]}: ${why}`],
    ...(fit.paged ? [['in less', pagedText(fit)] as [string, string]] : []),
    ...longest,
    ...helps,
  ];
}

const verdicts: Readonly<Record<Fit['verdict'], string>> = { fits: 'yes', tight: 'tight', no: 'no' };

const gpuText = ({ name, refused, reason }: NonNullable<Fit['gpu']>): string =>
  refused === undefined ? `${name}: ${reason}` : `no: ${reason}`;

const speedText = (decode: number): string => `about ${decode.toPrecision(2)} tokens/s, as measured kernels predict`;

const madeBy = (makes: string): string =>
  ({ embeddings: 'embeddings: thimble embed', scores: 'scores: thimble rank' })[makes] ?? makes;

function memoryText({ nCtx, kvType, needs }: Fit): string {
  const { weightBytes, kvBytes, workBytes, totalBytes, scriptBytes } = needs;
  const parts = `weights ${formatBytes(weightBytes)} + KV ${kvType} ${formatBytes(kvBytes)} + work ${formatBytes(workBytes)}`;
  return `${formatBytes(totalBytes)} for ${plural(nCtx, 'position')} (${parts}), and scripts ${formatBytes(scriptBytes)}`;
}
