import { FormatError, UnsupportedError } from '../../../src/index.ts';
import {
  memoryNeeded,
  type GgufFile,
  type GgufTensor,
  type MemoryNeeded,
  type MetadataValue,
} from '../../../src/gguf.ts';
import type { Command } from '../command.ts';
import { readKvType, withFile } from '../models.ts';
import { columns, counted, formatBytes, formatParams, forStdout, print, printLine, style } from '../terminal.ts';

export const inspect: Command = {
  summary: 'show what is in a model file',
  usage: 'MODEL [options]',
  about: `Reads the header alone, so that a file of any size is shown at once. Memory is that of the opened model with one session of --ctx
positions; for an architecture that thimble cannot run it is left out, with the reason.`,
  positionals: [1, 1],
  options: {
    ctx: {
      value: 'N',
      help: 'positions that memory is counted for (default: what the model was trained on, at most 4096)',
    },
    kv: { value: 'TYPE', help: 'how keys and values are kept: f16 (default), f32 or q8_0' },
    json: { help: 'print one JSON object and nothing else' },
  },
  examples: [
    ['thimble inspect smollm2', 'metadata, tensors, sizes'],
    ['thimble inspect model.gguf --ctx 32768', 'would it fit into memory?'],
  ],
  async run(args, signal) {
    await withFile(args.positionals[0]!, signal, async (file) => {
      const memory = await memoryOrReason(file, {
        nCtx: args.count('ctx'),
        kvType: readKvType(args),
      });
      if (args.flag('json')) return printLine(JSON.stringify(toJson(file, memory)));
      await print(forStdout(`${report(file, memory).join('\n')}\n`));
    });
  },
};

async function memoryOrReason(
  file: GgufFile,
  options: Parameters<typeof memoryNeeded>[1],
): Promise<MemoryNeeded | string> {
  try {
    return await memoryNeeded(file, options);
  } catch (error) {
    if (error instanceof UnsupportedError || error instanceof FormatError) return error.message;
    throw error;
  }
}

const nElements = ({ shape }: GgufTensor): number => shape.reduce((product, n) => product * n, 1);

interface TypeSize {
  readonly type: string;
  readonly tensors: number;
  readonly params: number;
  readonly bytes: number;
}

/** The largest first. */
function sizesByType(file: GgufFile): TypeSize[] {
  const sizes = new Map<string, TypeSize>();
  for (const tensor of file.tensors.values()) {
    const type = tensor.quant.name;
    const before = sizes.get(type) ?? { type, tensors: 0, params: 0, bytes: 0 };
    const { tensors, params, bytes } = before;
    const more = { tensors: tensors + 1, params: params + nElements(tensor), bytes: bytes + tensor.sizeBytes };
    sizes.set(type, { type, ...more });
  }
  return [...sizes.values()].sort((a, b) => b.bytes - a.bytes);
}

function toJson(file: GgufFile, memory: MemoryNeeded | string) {
  const types = sizesByType(file);
  return {
    version: file.version,
    files: file.sources.map(({ name, size }) => ({ name, bytes: size })),
    params: types.reduce((sum, { params }) => sum + params, 0),
    weight_bytes: types.reduce((sum, { bytes }) => sum + bytes, 0),
    types,
    chat_template: file.metadata.has('tokenizer.chat_template'),
    memory:
      typeof memory === 'string'
        ? { error: memory }
        : {
            ctx: memory.nCtx,
            kv_type: memory.kvType,
            weight_bytes: memory.weightBytes,
            kv_bytes: memory.kvBytes,
            work_bytes: memory.workBytes,
            total_bytes: memory.totalBytes,
          },
    metadata: Object.fromEntries([...file.metadata.entries()].map(([key, entry]) => [key, jsonValue(entry)])),
    tensors: [...file.tensors.values()].map(({ name, quant, shape, sizeBytes, shardIndex, offsetBytes }) => ({
      name,
      type: quant.name,
      shape,
      bytes: sizeBytes,
      shard: shardIndex,
      offset: offsetBytes,
    })),
  };
}

/** Longer arrays are vocabularies: they are counted, not shown. */
const maxShown = 16;

function jsonValue(entry: MetadataValue): unknown {
  if (entry.type !== 'array') return typeof entry.value === 'bigint' ? String(entry.value) : entry.value;
  if (entry.value.length > maxShown) return { array_of: entry.of, length: entry.value.length };
  if (entry.of === 'array') return entry.value.map(jsonValue);
  return Array.from<unknown>(entry.value as ArrayLike<unknown>).map((item) =>
    typeof item === 'bigint' ? String(item) : item,
  );
}

function report(file: GgufFile, memory: MemoryNeeded | string): string[] {
  const types = sizesByType(file);
  const nParams = types.reduce((sum, { params }) => sum + params, 0);
  const nBytes = types.reduce((sum, { bytes }) => sum + bytes, 0);
  const bits = nParams > 0 ? `, ${((8 * nBytes) / nParams).toFixed(2)} bits a weight` : '';
  const template = file.metadata.has('tokenizer.chat_template') ? 'in the file' : 'none in the file';
  return [
    ...file.sources.map(({ name, size }) => `${style.bold(name)}  GGUF v${file.version}, ${formatBytes(size)}`),
    '',
    `parameters     ${counted(nParams)} (${formatParams(nParams)})`,
    `weights        ${formatBytes(nBytes)} in ${counted(file.tensors.size)} tensors${bits}`,
    `chat template  ${template}`,
    ...memoryLines(memory),
    '',
    ...headed('Types', typeRows(types), '<>>>'),
    ...headed('Metadata', metadataRows(file), '<<<'),
    ...headed('Tensors', tensorRows(file), '<<<>'),
  ];
}

function memoryLines(memory: MemoryNeeded | string): string[] {
  if (typeof memory === 'string') return [`memory         not known: ${memory}`];
  const { nCtx, kvType, weightBytes, kvBytes, workBytes, totalBytes } = memory;
  const parts = `weights ${formatBytes(weightBytes)} + KV ${kvType} ${formatBytes(kvBytes)} + work ${formatBytes(workBytes)}`;
  return [`memory         ${formatBytes(totalBytes)} for ${counted(nCtx)} positions (${parts})`];
}

function headed(title: string, rows: readonly (readonly string[])[], align: string): string[] {
  if (rows.length === 0) return [];
  return [style.bold(title), ...columns(rows, align).map((line) => `  ${line}`), ''];
}

const typeRows = (types: readonly TypeSize[]): string[][] =>
  types.map(({ type, tensors, params, bytes }) => [
    type,
    `${counted(tensors)} tensors`,
    `${formatParams(params)} weights`,
    formatBytes(bytes),
  ]);

const tensorRows = (file: GgufFile): string[][] =>
  [...file.tensors.values()].map(({ name, quant, shape, sizeBytes }) => [
    name,
    quant.name,
    `[${shape.map(counted).join(', ')}]`,
    formatBytes(sizeBytes),
  ]);

function metadataRows(file: GgufFile): string[][] {
  return [...file.metadata.entries()].map(([key, entry]) => [
    key,
    entry.type === 'array' ? `${entry.of}[${counted(entry.value.length)}]` : entry.type,
    shortened(entry),
  ]);
}

const maxTextLength = 72;

function shortened(entry: MetadataValue): string {
  const value = entry.type === 'array' ? entry.value.slice(0, maxShown) : entry.value;
  if (entry.type === 'f32') return String(Number(Number(value).toPrecision(7))); // 1e-5, not 0.000009999999747378752
  const text =
    entry.type === 'array'
      ? Array.from<unknown>(value as ArrayLike<unknown>)
          .map(plain)
          .join(', ')
      : plain(value);
  return text.length > maxTextLength ? `${text.slice(0, maxTextLength - 1)}…` : text;
}

const plain = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' ? '[…]' : String(value);
};
