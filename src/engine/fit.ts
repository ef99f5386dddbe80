import { reservable } from '../backends/wasm/reservable.ts';
import { isShared } from '../backends/wasm/wasm.ts';
import { checkOneOf } from '../base/checks.ts';
import { inBytes } from '../base/in_bytes.ts';
import { counted, sum } from '../base/numbers.ts';
import type { GgufFile } from '../gguf/read.ts';
import { elementsOf } from '../graph/tensor.ts';
import type { DeviceMemory } from '../platform/platform.ts';
import type { Fit, FitModel, FitNeeds, FitOptions, FitQuestion, FitRemedy, FitVerdict } from '../protocol/fit.ts';
import { defaultSessions } from './backend_plan.ts';
import { planMemoryOf, type HeaderPlanner } from './memory_needed.ts';
import { smallerTypes } from './smaller_types.ts';
import { decodeSpeed } from './speed.ts';

/** A model that takes more than this part of what is allowed leaves little to anything else. */
const TIGHT = 0.8;

/** Contexts are counted in these; a conversation in less is none. */
const stepPositions = 128;

/** Options with nothing left to choose. */
type Chosen = FitOptions & { readonly threads: number; readonly maxSessions: number };

/** How much of something there is, and how a sentence goes on about it. */
interface Room {
  readonly bytes: number;
  readonly said: string;
  /** Whether scripts take their part of it. */
  readonly forAll: boolean;
}

/** A model on this device. */
interface Place {
  readonly planner: HeaderPlanner;
  readonly device: DeviceMemory;
  readonly scriptBytes: number;
}

/**
 * Whether a model would run here, and what would help if not.
 * @throws UnsupportedError, FormatError for what `openModel` refuses by its header; RangeError for options out of range.
 */
export async function fitOf(file: GgufFile, { options, device, speed }: FitQuestion): Promise<Fit> {
  checkOneOf('build', options.build, [undefined, 'relaxed', 'simd']);
  const planner = await planMemoryOf(file);
  const threads = planner.usualThreads === 1 ? 1 : (options.threads ?? planner.usualThreads);
  const chosen: Chosen = { ...options, threads, maxSessions: options.maxSessions ?? defaultSessions };
  const place = { planner, device, scriptBytes: scriptBytesOf(file) };
  const memory = needsOf(place, chosen);
  const { nCtx, kvType, needs } = memory;
  const room = roomFor(place, chosen, needs);
  const verdict = verdictOn(needs, room);
  const tokensPerSecond = speed && decodeSpeed(planner, chosen, speed);
  const remedies = verdict === 'fits' ? [] : await remediesFor(place, { chosen, room, verdict });
  return {
    verdict,
    needs,
    allowedBytes: room.bytes,
    reason: reasonFor(memory, room, verdict),
    remedies,
    remedy: remedies.length === 0 ? undefined : remedies.map(({ text }) => text).join(', or '),
    nCtx,
    kvType,
    threads,
    largestNCtx: mostPositions(place, chosen, room, Math.max(nCtx, planner.nCtxTrain)),
    model: modelOf(file, planner),
    paged: verdict === 'no' ? pagedIn(place, chosen, { room, tokensPerSecond }) : undefined,
    gpu: await gpuFor(place, chosen),
    tokensPerSecond,
  };
}

/** What would lie on a GPU, where one is asked for. */
async function gpuFor({ planner, device }: Place, chosen: Chosen): Promise<Fit['gpu']> {
  if (chosen.backend !== 'webgpu' && chosen.backend !== 'auto') return undefined;
  const opening = { weights: planner.bound.weights, graph: planner.graphOf(chosen), ...chosen };
  return (await import('../backends/webgpu/fit.ts')).fitOnGpu(
    { ...opening, isAuto: chosen.backend === 'auto' },
    device,
  );
}

/** Storage that nobody measured. */
const STORAGE_BYTES_PER_SECOND = 1e9;

/** What `memory: 'auto'` would make of it. */
function pagedIn(
  { planner, scriptBytes }: Place,
  chosen: Chosen,
  { room, tokensPerSecond }: { room: Room; tokensPerSecond: Fit['tokensPerSecond'] },
): Fit['paged'] {
  const budgetBytes = Math.min(TIGHT * (room.bytes - (room.forAll ? scriptBytes : 0)), planner.mostBytes);
  const plan = budgetBytes > 0 ? planner.pagedIn(planned(chosen), budgetBytes) : undefined;
  if (!plan) return undefined;
  const { memoryBytes, bytesPerToken } = plan;
  const computing = tokensPerSecond ? 1 / tokensPerSecond.decode : 0;
  return {
    memoryBytes,
    bytesPerToken,
    tokensPerSecond: 1 / (computing + bytesPerToken / STORAGE_BYTES_PER_SECOND),
    storageBytesPerSecond: STORAGE_BYTES_PER_SECOND,
    countsComputing: tokensPerSecond !== undefined,
  };
}

/** Scripts and compiled kernels, and what the vocabulary takes: its texts, its merges, and tables to look them up in. */
function scriptBytesOf({ metadata }: GgufFile): number {
  const tokens = metadata.get('tokenizer.ggml.tokens');
  return 40e6 + (tokens?.type === 'array' ? 150 * tokens.value.length : 0);
}

function needsOf({ planner, scriptBytes }: Place, options: FitOptions) {
  const { nCtx, kvType, ...bytes } = planner.memoryNeeded(planned(options));
  const beside = scriptBytes + planner.copyBytes(planned(options));
  return { nCtx, kvType, needs: { ...bytes, scriptBytes: beside } satisfies FitNeeds };
}

/** The build is no matter of memory, and the processor's is planned. */
const planned = ({ build: _, backend: __, ...options }: FitOptions) => options;

const takenBytes = ({ totalBytes, scriptBytes }: FitNeeds, { forAll }: Room): number =>
  totalBytes + (forAll ? scriptBytes : 0);

/** What limits the model most here. */
function roomFor({ device }: Place, { threads }: Chosen, needs: FitNeeds): Room {
  const given = { ...reservable(needs.totalBytes, isShared(threads)), forAll: false };
  if (device.allowedBytes === undefined) return given;
  const allowed = { bytes: device.allowedBytes, said: device.said, forAll: true };
  const full = (room: Room): number => takenBytes(needs, room) / room.bytes;
  return full(allowed) > full(given) ? allowed : given;
}

function verdictOn(needs: FitNeeds, room: Room): FitVerdict {
  const taken = takenBytes(needs, room);
  if (taken > room.bytes) return 'no';
  return taken > TIGHT * room.bytes ? 'tight' : 'fits';
}

const relations: Readonly<Record<FitVerdict, string>> = { fits: ' of', tight: ', most of', no: ', more than' };

function reasonFor({ nCtx, needs }: ReturnType<typeof needsOf>, room: Room, verdict: FitVerdict): string {
  const positions = `${counted(nCtx)} position${nCtx === 1 ? ' needs' : 's need'}`;
  return `${positions} ${inBytes(takenBytes(needs, room))}${relations[verdict]} the ${inBytes(room.bytes)} ${room.said}`;
}

interface Trouble {
  readonly chosen: Chosen;
  readonly room: Room;
  readonly verdict: FitVerdict;
}

/** What would make it fit: one thread; options, each added to those before; another file. */
async function remediesFor(place: Place, { chosen, room, verdict }: Trouble): Promise<FitRemedy[]> {
  const { planner } = place;
  const goal = { ...room, bytes: verdict === 'no' ? room.bytes : TIGHT * room.bytes };
  const fits = (options: Chosen, of = place): boolean => isWithin(goal, needsOf(of, options).needs);
  const remedies: FitRemedy[] = [];
  if (isShared(chosen.threads) && fitsAlone(place, chosen)) remedies.push(remedyBy(place, chosen, { threads: 1 }));
  let changes: Changes = {};
  for (const change of changesOf(planner, chosen)) {
    changes = { ...changes, ...change };
    if (!fits({ ...chosen, ...changes })) continue;
    remedies.push(remedyBy(place, chosen, changes));
    break;
  }
  const most = needsOf(place, chosen).nCtx;
  for (const kept of [{}, changes]) {
    const nCtx = mostPositions(place, { ...chosen, ...kept }, goal, most);
    if (nCtx === 0 || nCtx === most) continue;
    remedies.push(remedyBy(place, chosen, { ...kept, nCtx }));
    break;
  }
  const other = await smallerTypes(planner, (planner) => fits(chosen, { ...place, planner }));
  if (other) remedies.push(ofType(other.type, needsOf({ ...place, planner: other.planner }, chosen).needs));
  return remedies;
}

type Changes = NonNullable<FitRemedy['options']>;

const isWithin = (room: Room, needs: FitNeeds): boolean => takenBytes(needs, room) <= room.bytes;

/** Options that make a model smaller and leave it what it is. */
const changesOf = (planner: HeaderPlanner, { maxSessions, kvType }: Chosen): Changes[] => [
  ...(maxSessions > 1 ? [{ maxSessions: 1 }] : []),
  ...(kvType !== 'q8_0' && planner.refusal('q8_0') === undefined ? [{ kvType: 'q8_0' } as const] : []),
];

/** Some devices have a memory of one thread where they have none of the same size that threads share. */
function fitsAlone(place: Place, chosen: Chosen): boolean {
  const alone = { ...chosen, threads: 1 };
  const { needs } = needsOf(place, alone);
  return verdictOn(needs, roomFor(place, alone, needs)) === 'fits';
}

function remedyBy(place: Place, chosen: Chosen, options: Changes): FitRemedy {
  const said = Object.entries(options).map(([name, value]) => `${name}: ${JSON.stringify(value).replaceAll('"', "'")}`);
  const { totalBytes } = needsOf(place, { ...chosen, ...options }).needs;
  return { options, totalBytes, text: `open it with { ${said.join(', ')} }` };
}

const ofType = (type: string, { weightBytes, totalBytes }: FitNeeds): FitRemedy => ({
  type,
  totalBytes,
  text: `take a ${type} file of it, with about ${inBytes(weightBytes)} of weights`,
});

/** The largest multiple of a step up to `most`, or `most`, that fits into so many bytes, or 0. */
function mostPositions(place: Place, options: FitOptions, room: Room, most: number): number {
  const fits = (nCtx: number): boolean => isWithin(room, needsOf(place, { ...options, nCtx }).needs);
  if (fits(most)) return most;
  let [fitting, tooMany] = [0, Math.ceil(most / stepPositions)];
  while (tooMany - fitting > 1) {
    const middle = (fitting + tooMany) >> 1;
    if (fits(middle * stepPositions)) fitting = middle;
    else tooMany = middle;
  }
  return fitting * stepPositions;
}

function modelOf(file: GgufFile, { makes, nCtxTrain, bound }: HeaderPlanner): FitModel {
  const tensors = [...file.tensors.values()];
  const bytes = new Map<string, number>();
  for (const { quant, sizeBytes } of tensors) bytes.set(quant.name, (bytes.get(quant.name) ?? 0) + sizeBytes);
  const [[type] = ['']] = [...bytes].sort(([, a], [, b]) => b - a);
  return {
    name: file.metadata.string('general.name', file.sources[0]!.name),
    architecture: file.metadata.string('general.architecture'),
    makes,
    nParams: sum(bound.weights.map(elementsOf)),
    nCtxTrain,
    type,
    fileBytes: sum(file.sources.map(({ size }) => size)),
  };
}
