import { ResourceError, UnsupportedError } from '../../base/errors.ts';
import type { ActivationKind } from '../../graph/activations.ts';
import type { Graph, Node } from '../../graph/graph.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { Build } from '../../platform/features.ts';
import type { QuantType } from '../../quants/quant_type.ts';

/**
 * The compiled kernels, and the questions about sizes that only they can answer: how large a packed matrix is, how much
 * scratch memory a node needs. The kernels' own files are the one source of these numbers.
 */

/** The exports of an instance: kernels `(record, begin, end)`, and functions that answer questions. All take plain numbers. */
export type Exports = Readonly<Record<string, (...args: number[]) => number>>;

/** Where a thread's scratch memory is, where grids are, and what `probe_dot` said. */
export interface InstanceStart {
  readonly scratch: number;
  readonly grids: number;
  readonly dotKind: number;
}

/** One thread's instances of a build's modules: kernels over a memory. */
export interface Instance {
  readonly exports: Exports;
  /** Before any kernel runs. */
  begin(start: InstanceStart): void;
  /** Where a kernel stands in the function table, the same in every instance; undefined when there is none of this name. */
  kernelIndex(name: string): number | undefined;
}

/** A file of kernels, dist/thimble.NAME.wasm: what most models need, and more. */
export type KernelFile = Build | `${Build}.more`;

/** A build as a model needs it. */
export type Modules = readonly WebAssembly.Module[];

export interface KernelSource {
  /** Bytes of a file. */
  readonly kernels: (file: KernelFile) => Promise<Uint8Array<ArrayBuffer>>;
  readonly build: Build;
  readonly shared: boolean;
}

/** What a model asks of the kernels. */
export interface KernelNeeds {
  readonly weights: readonly Tensor[];
  readonly graph: Graph;
  readonly activations: ActivationKind;
  readonly maxSessions: number;
}

/** Begins to compile a build. What comes back waits for it, and for the second file where the first lacks something, or is slower. */
export function startCompiling(source: KernelSource): (needs: KernelNeeds) => Promise<Modules> {
  const first = compileFile(source, source.build);
  first.catch(() => undefined); // whoever waits is told
  return async ({ weights, graph, activations, maxSessions }) => {
    const module = await first;
    const names = new Set(WebAssembly.Module.exports(module).map(({ name }) => name));
    const isThere =
      activations === 'exact' &&
      Math.min(maxSessions, graph.maxTokens) <= 4 && // its products take four tokens at once
      weights.every(({ quant }) => names.has(`packed_bytes_${quant.name}`)) &&
      graph.nodes.every((node) => names.has(kernelName(node)));
    return isThere ? [module] : [module, await compileFile(source, `${source.build}.more`)];
  };
}

/** Compiles all of a build. */
export const compileBuild = (source: KernelSource): Promise<Modules> =>
  Promise.all([compileFile(source, source.build), compileFile(source, `${source.build}.more`)]);

const compileFile = async ({ kernels, shared }: KernelSource, file: KernelFile): Promise<WebAssembly.Module> =>
  compileKernels(await kernels(file), shared);

/** The kernel of a node: the op's name, and the quant type of the input that decides. That of experts calls the type's matrix product. */
export const kernelName = ({ op: { name, quantInput }, inputs }: Node): string =>
  quantInput === undefined || name === 'matmul_experts' ? name : `${name}_${inputs[quantInput]!.quant.name}`;

/** Compiles a file. Without shared memory it declares the import unshared first; the code is the same. */
export async function compileKernels(bytes: Uint8Array<ArrayBuffer>, shared: boolean): Promise<WebAssembly.Module> {
  return WebAssembly.compile(shared ? bytes : unshare(bytes));
}

/** Whether a build was made in a hurry: scripts/build_kernels.mjs marks those that are not what ships. */
export const isQuick = (modules: Modules): boolean =>
  modules.some((module) => WebAssembly.Module.customSections(module, 'quick').length > 0);

/** All functions stand in each module's table, at the same places: kernels call others by these, too. Of two of one name it is the second file's. */
export function instantiate(modules: Modules, memory: WebAssembly.Memory): Instance {
  const words = new Int32Array(memory.buffer);
  const sleep = (at: number, from: number, timeoutMs: number) => void Atomics.wait(words, at / 4, from, timeoutMs);
  const imports = { env: { memory }, program: { sleep } };
  const each = modules.map((module) => new WebAssembly.Instance(module, imports).exports as unknown as InstanceExports);
  const { table: _, ...functions } = { ...each[0]!, ...each[1] };
  const names = Object.keys(functions).sort();
  const first = each.reduce((most, { table }) => Math.max(most, table.length), 0);
  for (const { table } of each) {
    table.grow(first + names.length - table.length);
    names.forEach((name, i) => table.set(first + i, functions[name]));
  }
  const indices = new Map(names.map((name, i) => [name, first + i]));
  return {
    exports: functions,
    begin({ scratch, grids, dotKind }) {
      for (const { set_scratch, set_grids, set_dot_kind } of each) {
        set_scratch!(scratch);
        set_grids?.(grids);
        set_dot_kind!(dotKind);
      }
    },
    kernelIndex: (name) => indices.get(name),
  };
}

type InstanceExports = { readonly table: WebAssembly.Table } & Exports;

/** Asks about sizes, on an instance with a page of memory of its own. */
export interface Sizes {
  /** Bytes of a matrix once packed; undefined for a quant type without kernels. */
  packedBytes(quant: QuantType, rows: number, cols: number): number | undefined;
  /** Bytes of a cache of `n` numbers. */
  cacheBytes(quant: QuantType, n: number): number;
  /** Bytes of `nRows` rows of quantised activations, `span` columns to a scale. */
  activationsBytes(nRows: number, cols: number, span: number): number;
  /** The answer of `<op>_<question>` about a node whose record is `words`; undefined when the op has no such export. */
  ask(op: string, question: string, words: Int32Array): number | undefined;
  /** Scratch memory that a thread needs to pack and multiply matrices of so many columns. */
  matrixScratchBytes(cols: number): number;
  hasKernel(name: string): boolean;
  /** Bytes of `Control` in assembly/lib/program.ts. */
  readonly controlBytes: number;
  /** Rows of a matrix that are packed, and handed to a thread, together. */
  readonly rowsPerItem: number;
}

/** Numbers of a cache that any type keeps in whole blocks. */
const CACHE_UNIT = 4096;

export function createSizes(modules: Modules, shared: boolean): Sizes {
  const memory = requestMemory(
    { initial: 1, maximum: 1, shared },
    'asking the kernels about sizes takes a page of memory',
  );
  const { exports } = instantiate(modules, memory);
  const records = new Int32Array(memory.buffer, 64);
  return {
    packedBytes: (quant, rows, cols) => exports[`packed_bytes_${quant.name}`]?.(rows, cols),
    // of many rows the kernels count one, and JavaScript multiplies: what is larger than 4 GiB must not wrap around
    cacheBytes: (quant, n) => (n / CACHE_UNIT) * exports[`cache_bytes_${quant.name}`]!(CACHE_UNIT),
    activationsBytes: (nRows, cols, span) => nRows * exports['activations_bytes']!(1, cols, span),
    ask(op, question, words) {
      const answer = exports[`${op}_${question}`];
      if (!answer) return undefined;
      records.set(words);
      const bytes = answer(records.byteOffset);
      return bytes < 0 ? bytes >>> 0 : bytes; // an i32 shows its sign, an f64 has none
    },
    matrixScratchBytes: (cols) => exports['scratch_bytes']!(cols),
    hasKernel: (name) => name in exports,
    controlBytes: exports['control_bytes']!(),
    rowsPerItem: exports['rows_per_item']!(),
  };
}

/** @throws ResourceError that begins with `wanted`. */
export function requestMemory(descriptor: WebAssembly.MemoryDescriptor, wanted: string): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory(descriptor);
  } catch (cause) {
    throw new ResourceError(`${wanted}, which this device would not give; ${SMALLER}`, { cause });
  }
}

/** Advice where memory runs out. */
export const SMALLER =
  'use a smaller nCtx, fewer sessions (maxSessions), a q8_0 cache (kvType), fewer threads, or a smaller model';

/**
 * The builds import a shared memory, `env.memory`, whose limits begin with a flag byte: 3 is shared with a maximum, 1 is
 * unshared with a maximum. That byte is all that differs.
 */
function unshare(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const name = [...'\x03env\x06memory\x02'].map((char) => char.charCodeAt(0)); // two names with their lengths, kind: memory
  const at = bytes.findIndex((_, i) => name.every((byte, j) => bytes[i + j] === byte)) + name.length;
  if (bytes[at] !== 3)
    throw new UnsupportedError('the kernel build does not import a shared env.memory; build it anew');
  const copy = bytes.slice();
  copy[at] = 1;
  return copy;
}
