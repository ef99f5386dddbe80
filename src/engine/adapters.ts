import type { ReadTensor } from '../backends/backend.ts';
import { checkNames, checkNumber, checkWhole, kindOf } from '../base/checks.ts';
import { UnsupportedError } from '../base/errors.ts';
import { sum } from '../base/numbers.ts';
import type { GgufFile } from '../gguf/read.ts';
import type { GraphLimits } from '../graph/graph.ts';
import type { KvType } from '../graph/layer_state.ts';
import { bytesOf, type Tensor } from '../graph/tensor.ts';
import { adapt, type Additions } from '../models/adapted.ts';
import { readAdapter } from '../models/adapter_file.ts';
import type { AdapterFile } from '../models/adapter_parts.ts';
import type { BoundModel, Recorded } from '../models/architecture.ts';
import type { Recorder } from '../models/recorder.ts';
import { readPlaced, withLevels } from '../models/levels16.ts';
import { isRecorded } from '../models/weight_finder.ts';
import type { AdapterInfo, AdapterOpening, AdapterUse } from '../protocol/adapters.ts';
import { readTensor } from './backend_plan.ts';
import { weightsHash, type WeightsHash } from './weights_hash.ts';

/** Adapters of a model. Their weights lie beside the model's as long as it is open, and each session's graph takes those that it wants. */
export interface Adapters {
  readonly infos: readonly AdapterInfo[];
  /** To be brought in with the model's. */
  readonly weights: readonly Tensor[];
  /** Reads them, and what is no adapter's as before. @param isAgain what has been read before, and been hashed */
  readBeside(read: ReadTensor, isAgain: boolean): ReadTensor;
  /** With all of them: the largest graph there is, for which memory is set aside. */
  readonly largest: Recorded;
  /** The graph of a set, and what it is called; undefined where nothing is added. `uses` left out: each with the scale that it was opened with. */
  recorded(uses: readonly AdapterUse[] | undefined): NamedRecording | undefined;
}

interface AdaptedRecording extends Recorded {
  /** For recording it again, otherwise. */
  readonly adapt: (g: Recorder) => void;
}

export interface NamedRecording extends AdaptedRecording {
  /** Tells sets apart, also those of other files: saved sessions carry it. */
  readonly name: string;
}

/** A file that was opened, and what was said of it. */
export interface AdapterGiven extends AdapterOpening {
  readonly file: GgufFile;
}

/** The model as it was opened. */
export interface AdaptedModel {
  readonly bound: BoundModel;
  readonly architecture: string;
  readonly limits: GraphLimits;
  readonly kvType: KvType;
  readonly stored: GgufFile['tensors'];
  readonly tensors: GgufFile['tensors'];
  readonly signal: AbortSignal | undefined;
}

interface Opened {
  readonly adapter: AdapterFile;
  readonly info: AdapterInfo;
  /** Its alpha and its layers, and a hash of its weights. */
  readonly told: () => string;
  readonly hash: WeightsHash;
  /** Reads past the hash. */
  readonly again: ReadTensor;
}

/** @throws TypeError, RangeError for what was said of them, FormatError, UnsupportedError for what does not fit the model. */
export async function openAdapters(given: readonly AdapterGiven[], model: AdaptedModel): Promise<Adapters> {
  const all = await Promise.all(given.map((each) => opened(each, model)));
  const names = all.map(({ info }) => info.name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new TypeError(`two adapters are called ${twice}; give them different names: { source, name }`);
  const record = (additions: Additions): AdaptedRecording => {
    let unused: () => (string | number)[];
    const adapted = (g: Recorder): void => void (unused = adapt(g, additions));
    const recorded = model.bound.record(model.limits, model.kvType, { adapt: adapted });
    checkAllUsed(
      unused!().filter((place) => !isIdle(place, model.bound)),
      all,
    );
    return { ...recorded, adapt: adapted };
  };
  const places = new Map(
    all.flatMap(({ adapter, hash, again }) =>
      [...adapter.weights].map(([{ name }, origin]) => [name, { ...origin, hash, again }] as const),
    ),
  );
  const recordings = new Map<string, NamedRecording>();
  return {
    infos: all.map(({ info }) => info),
    weights: all.flatMap(({ adapter }) => [...adapter.weights.keys()]),
    readBeside: (read, isAgain) => (tensor, offsetBytes, into) => {
      const place = places.get(tensor.name);
      if (!place) return read(tensor, offsetBytes, into);
      return readPlaced(tensor, place, { offsetBytes, into, read: isAgain ? place.again : place.hash.read });
    },
    largest: record(together(all.map(({ adapter }) => ({ adapter, scale: 1 })))),
    recorded(uses) {
      const scales = scalesOf(uses, all);
      const on = all.flatMap(({ adapter, told }, i) => (scales[i] ? [{ adapter, told, scale: scales[i] }] : []));
      if (on.length === 0) return undefined;
      const name = on.map(({ told, scale }) => `${told()} × ${scale}`).join(' + ');
      const known = recordings.get(name);
      if (known) return known;
      if (recordings.size >= MAX_RECORDINGS) recordings.delete(recordings.keys().next().value!);
      const made = { ...record(together(on)), name };
      recordings.set(name, made);
      return made;
    },
  };
}

/** A scale that a person moves to and fro makes many sets. */
const MAX_RECORDINGS = 8;

async function opened(
  { file, name = fileName(file), scale = 1, layers }: AdapterGiven,
  model: AdaptedModel,
): Promise<Opened> {
  if (typeof name !== 'string' || name === '')
    throw new TypeError(`the name of an adapter is ${kindOf(name)}, expected a text`);
  checkScale(name, scale);
  if (layers) checkLayers(name, layers);
  const { architecture, stored, tensors, bound, signal } = model;
  const { dim, nLayers } = bound.config;
  const base = { architecture, dim, nLayers, stored, tensors };
  const again = readTensor(file, signal);
  const adapter = await withLevels(readAdapter(file, base, { name, layers }), base, again);
  const { metadata } = file;
  const info: AdapterInfo = {
    name,
    kind: adapter.kind,
    scale,
    bytes: sum([...file.tensors.values()].map((tensor) => bytesOf(tensor))),
    rank: adapter.rank,
    task: metadata.string('adapter.lora.task_name', undefined),
    promptPrefix: metadata.string('adapter.lora.prompt_prefix', undefined),
  };
  const hash = weightsHash(file, again);
  const alpha = metadata.f32('adapter.lora.alpha', 0);
  return { adapter, info, hash, again, told: () => [hash.name(), ...(layers ?? []), alpha].join(' ') };
}

const fileName = ({ sources }: GgufFile): string => sources[0]!.name.replace(/^.*[\\/]/, '').replace(/\.gguf$/i, '');

function checkLayers(name: string, layers: readonly number[]): void {
  if (!Array.isArray(layers) || layers.length !== 2)
    throw new TypeError(`layers of ${name} is ${kindOf(layers)}, expected two numbers: [first, last]`);
  checkWhole(`layers of ${name}: the first`, layers[0], { min: 1 });
  checkWhole(`layers of ${name}: the last`, layers[1], { min: layers[0]! });
}

const checkScale = (name: string, scale: unknown): void =>
  checkNumber(`the scale of ${name}`, scale, { min: -1e6, max: 1e6 });

/** Scales of all adapters, in their order; 0 of those that a set does not name. */
function scalesOf(uses: readonly AdapterUse[] | undefined, all: readonly Opened[]): number[] {
  if (uses === undefined) return all.map(({ info }) => info.scale);
  if (!Array.isArray(uses)) throw new TypeError(`adapters is ${kindOf(uses)}, ${WANTED}`);
  const scales = all.map(() => 0);
  const named = new Set<number>();
  for (const use of uses) {
    const {
      name,
      scale = 1,
      ...others
    } = typeof use === 'string' ? { name: use } : ({ ...(use as object) } as Exclude<AdapterUse, string>);
    if (typeof name !== 'string') throw new TypeError(`adapters holds ${kindOf(use)}, ${WANTED}`);
    checkNames('part of an adapter of a session', others, []);
    const at = all.findIndex(({ info }) => info.name === name);
    if (at < 0)
      throw new TypeError(
        `there is no adapter ${JSON.stringify(name)}; the model has ${all.map(({ info }) => info.name).join(', ')}`,
      );
    if (named.has(at))
      throw new TypeError(`the adapter ${name} is named twice; name it once, with the scale that it should have`);
    checkScale(name, scale);
    named.add(at);
    scales[at] = scale;
  }
  return scales;
}

const WANTED = 'expected a list of names, or of { name, scale }';

/** What a set adds, in the order in which the model has its adapters: the same set is the same to the bit. */
function together(on: readonly { readonly adapter: AdapterFile; readonly scale: number }[]): Additions {
  const merged = <K, T extends { readonly scale: number }>(
    of: (additions: Additions) => ReadonlyMap<K, readonly T[]>,
  ): Map<K, T[]> => {
    const all = new Map<K, T[]>();
    for (const { adapter, scale } of on) {
      for (const [place, added] of of(adapter.additions)) {
        all.set(place, [...(all.get(place) ?? []), ...added.map((each) => ({ ...each, scale: each.scale * scale }))]);
      }
    }
    return all;
  };
  return { products: merged(({ products }) => products), directions: merged(({ directions }) => directions) };
}

/** Whether the model itself never reads the weight: of blocks that predict further tokens, of keys that layers share. */
const isIdle = (place: string | number, { weights }: BoundModel): boolean =>
  typeof place === 'string' &&
  place.startsWith('blk.') &&
  !isRecorded(place) &&
  !weights.some(({ name }) => name === place);

/** @throws UnsupportedError where an adapter adds to what the family does not multiply by. */
function checkAllUsed(unused: readonly (string | number)[], all: readonly Opened[]): void {
  const [place] = unused;
  if (place === undefined) return;
  const owner = all.find(
    ({ adapter: { additions } }) => additions.products.has(String(place)) || additions.directions.has(Number(place)),
  )!;
  const what = typeof place === 'string' ? `changes ${place}` : `adds to layer ${place}`;
  throw new UnsupportedError(
    `${owner.info.name} ${what}, where this model's family takes nothing from adapters; use one that leaves it as it is`,
  );
}
