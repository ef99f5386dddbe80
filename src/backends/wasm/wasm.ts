import { asError, UnsupportedError } from '../../base/errors.ts';
import type { Build, Features } from '../../platform/features.ts';
import type { ActivationKind } from '../../graph/activations.ts';
import type { Graph, Node, Op, Value } from '../../graph/graph.ts';
import { attention } from '../../ops/attention.ts';
import type { QuantType } from '../../quants/quant_type.ts';
import type { Tensor } from '../../graph/tensor.ts';
import { checkOneOf, checkWhole } from '../../base/checks.ts';
import type { Backend } from '../backend.ts';
import { SharedConstants } from './shared_constants.ts';
import { allocateMemory, Heap } from './heap.ts';
import {
  createSizes,
  instantiate,
  isQuick,
  kernelName,
  startCompiling,
  type KernelSource,
  type Sizes,
} from './kernels.ts';
import type { RareExpansions } from './lower.ts';
import { planMemory, planProgram, type ProgramOptions, type ProgramPlan } from './plan.ts';
import { Pool, type PoolHost, type Workplace } from './pool.ts';
import { WasmProgram, type ProgramHome } from './program.ts';
import { rareExpansions } from './rare.ts';
import { uploadWeights } from './upload.ts';

/** The parts of the world around it that the backend needs. */
export interface WasmHost extends PoolHost {
  readonly features: Features;
  readonly kernels: KernelSource['kernels'];
  /** Logical cores. */
  readonly nCores: number;
}

/** What a model's header says. */
export interface WasmNeeds {
  readonly weights: readonly Tensor[];
  /** The largest graph that will be prepared; with `weights` it decides how much memory there is. */
  readonly graph: Graph;
  /** A part of it that should run as fast as it can, too: more of its calls may come together. */
  readonly part?: Graph | undefined;
  /** Values of the graph that programs may be asked to keep: memory is set aside for them. */
  readonly keep?: readonly Value[];
  /** Programs that can exist at a time. */
  readonly maxSessions: number;
  /** The bytes that all of it may take; weights that have no room are read when they are used. Default: as many as it takes. */
  readonly memoryBytes?: number | undefined;
  /** A token takes experts in memory whose scores are behind by this part of what lies between its best and its worst. Default: never. */
  readonly preferCached?: number | undefined;
}

/** What is known before. */
export interface WasmStart {
  /** 1 … 64. Default: see `defaultThreads`. */
  readonly threads?: number;
  /** Forces a kernel build. */
  readonly build?: Build;
  /** Default `exact`. */
  readonly activations?: ActivationKind;
  readonly host: WasmHost;
}

export type WasmOptions = WasmStart & WasmNeeds;

export const MAX_THREADS = 64;

/**
 * The most threads by default: a rule of thumb, since only machines with two cores were at hand. Prefill gains from every
 * core, decoding only until memory is saturated, and every thread is one more to wait for at a barrier.
 *
 * Measuring a few milliseconds of mat-vecs while the model opens does not pay. On an idle machine of two cores it names 2
 * threads 72 times of 100; beside other work it names 1 thread 26 times of 40: a moment would choose for hours. And where
 * memory is saturated it names 1 (SmolLM2-135M Q4_0 decodes at 207 and 216 tok/s), which halves prefill (353, 695).
 */
const USUAL_THREADS = 8;

/** One thread per core, up to eight; one thread where memory cannot be shared. */
export const defaultThreads = ({ features, nCores }: Pick<WasmHost, 'features' | 'nCores'>): number =>
  features.sharedMemory ? usualThreads(nCores) : 1;

const usualThreads = (nCores: number): number => Math.max(1, Math.min(nCores, USUAL_THREADS));

/**
 * Kernels in WebAssembly SIMD over one memory, on as many threads as asked for. Results are the same to the bit for every
 * number of threads, both builds, and however tokens are batched.
 * @throws UnsupportedError for a build that does not work here, ResourceError for memory or threads that cannot be had.
 */
export const createWasmBackend = async (options: WasmOptions): Promise<Backend> =>
  startWasmBackend(options).finish(options);

/** A backend whose threads come up and whose kernels compile while the caller reads a model's header. */
export interface StartingWasmBackend {
  finish(needs: WasmNeeds): Promise<Backend>;
  /** Ends the threads, at any time. */
  abandon(): Promise<void>;
}

/** @throws UnsupportedError, RangeError like `createWasmBackend`; what else goes wrong is told by `finish`. */
export function startWasmBackend(options: WasmStart): StartingWasmBackend {
  const { host, build = host.features.build, activations = 'exact' } = options;
  const { sharedMemory } = host.features;
  checkOneOf('build', build, ['relaxed', 'simd']);
  if (build === 'relaxed' && host.features.build !== 'relaxed') {
    throw new UnsupportedError('the relaxed build does not work on this engine; use the simd build');
  }
  const wanted = options.threads ?? usualThreads(host.nCores);
  const threads = checkThreads(wanted, sharedMemory);
  const shared = isShared(threads);
  const whyAlone = threads === wanted ? undefined : NOT_SHARED;
  const first = new Pool(threads, host);
  const compiled = startCompiling({ kernels: host.kernels, build, shared });
  const abandon = () => first.close();
  return {
    abandon,
    async finish({ weights, graph, part, keep, maxSessions, memoryBytes, preferCached }) {
      try {
        const modules = await compiled({ weights, graph, activations, maxSessions });
        const sizes = createSizes(modules, shared);
        checkGraph(graph, sizes);
        const rare = await rareExpansions(graph);
        const program = planProgram(graph, sizes, { activations, keep, rare });
        const partBytes = part ? planProgram(part, sizes, { activations, rare }).activationBytes : 0;
        const largest = { ...program, activationBytes: Math.max(program.activationBytes, partBytes) };
        const needs = { weights, program: largest, maxSessions, threads };
        const whole = planMemory(needs, sizes);
        const isPaged = memoryBytes !== undefined && memoryBytes < whole.maximumBytes;
        const paging = isPaged ? await import('./paged/paged.ts') : undefined;
        const lengthened = paging?.lengthened;
        const planned = lengthened ? planProgram(graph, sizes, { activations, keep, rare, lengthened }) : program;
        const memory = paging ? paging.planPaged({ ...needs, program: planned }, memoryBytes!, sizes) : whole;
        const heap = new Heap(memory, await allocateMemory(memory, shared));
        const instance = instantiate(modules, heap.memory);
        const scratch = memory.scratch.map(({ begin }) => begin);
        const place = { memory: heap.memory, modules, instance, scratch, grids: memory.grids.begin };
        const { pool, noThreads = whyAlone } = await started(first, place, host);
        const paged = paging?.pagedOf({ heap, plan: memory, instance, pool, tick: host.tick }, preferCached);
        const home = { heap, constants: new SharedConstants(heap), instance, pool, memory, paged };
        const name = `wasm-${build}${isQuick(modules) ? ', a quick build' : ''}`;
        return backendOf(home, sizes, { name, activations, noThreads, rare, lengthened, planned, preferCached });
      } catch (error) {
        await abandon();
        throw error;
      }
    },
  };
}

interface About extends Pick<Backend, 'name' | 'activations' | 'noThreads'> {
  /** The program that sessions run, already planned. */
  readonly planned: ProgramPlan;
  readonly rare: RareExpansions | undefined;
  readonly lengthened: ProgramOptions['lengthened'];
  readonly preferCached: number | undefined;
}

function backendOf(
  home: ProgramHome,
  sizes: Sizes,
  { planned, rare, lengthened, preferCached, ...about }: About,
): Backend {
  const { heap, instance, pool, memory: plan, paged } = home;
  return {
    ...about,
    threads: pool.nThreads,
    paging: plan.paging && {
      memoryBytes: plan.maximumBytes,
      bytesPerToken: plan.paging.bytesPerToken,
      preferCached,
    },
    get isDead() {
      return pool.isDead;
    },
    unsupported: (node) => unsupported(node, sizes),
    supports: (quant) => supports(quant, sizes),
    async upload(tensors, upload) {
      await uploadWeights({ heap, plan, instance, pool }, tensors, upload, paged?.passing);
      paged?.pager.open(upload.readLater ?? upload.read);
    },
    prepare: (graph, { keep, onNode } = {}) => {
      const isPlanned = graph === planned.graph && keep === planned.keep;
      const roomBytes = plan.activations.bytes;
      const program = isPlanned
        ? planned
        : planProgram(graph, sizes, { activations: about.activations, keep, roomBytes, rare, lengthened });
      return new WasmProgram(program, home, onNode);
    },
    async dispose() {
      await paged?.close();
      await pool.close();
    },
  };
}

/** One thread shares its memory with nobody: Safari on a phone may have a plain memory where it has no shared one of the same size. */
export const isShared = (threads: number): boolean => threads > 1;

const NOT_SHARED =
  'memory cannot be shared here: the page is not cross-origin isolated (headers of its host, or thimble/isolate, do that)';

/** The pool; where its threads do not start, the leader alone, which makes the same results. */
async function started(
  pool: Pool,
  place: Workplace,
  host: PoolHost,
): Promise<{ readonly pool: Pool; readonly noThreads?: string }> {
  try {
    await pool.start(place);
    return { pool };
  } catch (error) {
    if (pool.nThreads === 1 || error instanceof UnsupportedError) throw error;
    await pool.close();
    const alone = new Pool(1, host);
    await alone.start(place);
    return { pool: alone, noThreads: asError(error).message };
  }
}

/** Without shared memory there is one thread, whatever was asked for: the results are the same. */
function checkThreads(threads: number, sharedMemory: boolean): number {
  checkWhole('threads', threads, { min: 1, max: MAX_THREADS });
  return sharedMemory ? threads : 1;
}

const supports = ({ name }: QuantType, sizes: Sizes): boolean => sizes.hasKernel(`matmul_${name}`);

/** Shapes that kernels cannot take. */
const refusals: ReadonlyMap<Op, (node: Node) => string | undefined> = new Map([[attention, refusedHeads]]);

function refusedHeads({ params, inputs }: Node): string | undefined {
  const headDim = params['headDim']!;
  const multiple = Math.max(4, inputs[1]!.quant.blockSize);
  return headDim % multiple === 0
    ? undefined
    : `heads of ${headDim} columns; the kernel takes multiples of ${multiple}`;
}

function unsupported(node: Node, sizes: Sizes): string | undefined {
  const weight = node.inputs[node.op.quantInput ?? -1];
  if (weight && !supports(weight.quant, sizes)) {
    const instead =
      "quantise the model to another one, such as q4_k, or open it with backend: 'reference', which is slow";
    return `${weight.name} is ${weight.quant.name}, a type without kernels; ${instead}`;
  }
  const kernel = kernelName(node);
  return sizes.hasKernel(kernel) ? refusals.get(node.op)?.(node) : `there is no kernel ${kernel}`;
}

/** @throws UnsupportedError for a graph with a node that no kernel takes. */
export function checkGraph({ nodes }: Graph, sizes: Sizes): void {
  for (const node of nodes) {
    const reason = unsupported(node, sizes);
    if (reason) throw new UnsupportedError(`${node.out.name}: the wasm backend cannot run ${node.op.name}: ${reason}`);
  }
}
