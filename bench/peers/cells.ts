import { embedded } from '../lib/embedded.ts';
import type { Phase } from '../measure/phases.ts';
import type { Words } from './vocab.ts';
import { recipes, shapes } from './shapes.ts';

/** The measurements: every engine on every model, with every number of threads. */
export interface Cell {
  readonly peer: Peer;
  /** A synthetic model's name, or the path of a file. */
  readonly model: string;
  readonly threads: number;
  readonly phases: readonly Phase[];
  /** For engines that take text only: words that are one token each in the model's vocabulary. */
  readonly words: Words;
}

/** Rows of the table; the first is what the others are compared with. */
export const peers = [
  ...(['thimble', 'thimble-fast', 'thimble-web', 'native', 'native-avx2', 'wllama'] as const),
  ...(['thimble-gpu', 'wllama-gpu'] as const),
] as const;

export type Peer = (typeof peers)[number];

export const phaseNames = ['prefill 128', 'prefill 512', 'decode', 'decode @1k'] as const;

/** Q4_K stands for llama-quantize's Q4_K_M, a mix. */
export const defaultModels = Object.keys(shapes).flatMap((shape) =>
  Object.keys(recipes)
    .filter((recipe) => recipe !== 'Q5_0' && (shape.startsWith('smollm2') || recipe !== 'F16'))
    .filter((recipe) => !shapes[shape]!.hybrid || recipe === 'Q4_0')
    .map((recipe) => `${shape}-${recipe}`),
);

/** On WebGPU. Without a GPU that is software, and minutes for each model: the embedded one is enough. */
export const isGpu = (peer: Peer): boolean => peer.endsWith('-gpu');

/** Who measures what: threads mean nothing to a GPU. */
export const isMeasured = (peer: Peer, model: string, threads: number): boolean =>
  !isGpu(peer) || (model === embedded && threads === 1);

/** wllama takes minutes for a thousand tokens, so it gets the long prompts on two models only. */
const isShort = (peer: Peer, model: string): boolean =>
  isGpu(peer) || (peer === 'wllama' && !/^smollm2-135m-Q[48]_0$/.test(model));

export function phasesFor(peer: Peer, model: string): Phase[] {
  const large = /-(0\.5b|0\.8b|1b)-/.test(model);
  const nTokens = peer === 'wllama' || isGpu(peer) || large ? 16 : 64;
  const short: Phase[] = [
    { name: 'prefill 128', kind: 'prefill', nTokens: 128, nPast: 0 },
    { name: 'decode', kind: 'decode', nTokens, nPast: 16 },
  ];
  if (isShort(peer, model)) return short;
  return [
    ...short,
    { name: 'prefill 512', kind: 'prefill', nTokens: 512, nPast: 0 },
    { name: 'decode @1k', kind: 'decode', nTokens, nPast: 1024 },
  ];
}
