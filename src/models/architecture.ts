import type { Metadata } from '../gguf/metadata.ts';
import type { Graph, GraphLimits, Value } from '../graph/graph.ts';
import type { KvType, LayerState, StateLimits } from '../graph/layer_state.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Pooling } from './pooling.ts';
import { Recorder } from './recorder.ts';
import { WeightFinder, type Numbers } from './weight_finder.ts';

/** The part of a config that every family has, because sessions and plans need it. */
export interface BaseConfig {
  readonly nLayers: number;
  readonly nVocab: number;
  /** Positions the model was trained on. */
  readonly nCtxTrain: number;
  readonly dim: number;
  /** Blocks behind these that predict further tokens (MTP), which thimble leaves out. */
  readonly nMtpLayers?: number;
  /** Models that make one row of numbers of a text instead of logits: how. */
  readonly pooling?: Pooling | undefined;
  /** Rerankers: the numbers are those of answers to choose from, and the score is the chance of the first. */
  readonly isChoice?: boolean;
  /** Each token sees the text behind it, too, so a text is read in one step. */
  readonly isBidirectional?: boolean;
}

/** One family, as its file defines it. `C` is its config, `W` are its weights. */
export interface Family<C extends BaseConfig, W, G extends Recorder> {
  /** `general.architecture` values this file handles. */
  readonly names: readonly string[];
  readonly config: (meta: Metadata, find: WeightFinder) => C;
  readonly weights: (c: C, find: WeightFinder) => W;
  /** What each layer keeps from step to step. */
  readonly state: (c: C, limits: StateLimits) => LayerState[];
  /** Records one step; returns the logits, `[nLogits, nVocab]`. */
  readonly forward: (g: G, c: C, w: W, state: readonly LayerState[]) => Value;
}

/** A family bound to one file. */
export interface BoundModel {
  readonly config: BaseConfig;
  /** Every tensor the forward pass reads, each once. */
  readonly weights: readonly Tensor[];
  /** Records the forward pass for a session. */
  record(limits: GraphLimits, kvType: KvType, how?: Recording): Recorded;
}

export interface Recording {
  /** Another pooling than the model's own, of a model that pools. */
  readonly pooling?: Pooling | undefined;
  /** Gets the recorder first, and may have it record more than the family does. */
  readonly adapt?: ((g: Recorder) => void) | undefined;
}

export interface Recorded {
  readonly graph: Graph;
  readonly state: readonly LayerState[];
}

/** A row of the table: names, and how to bind a file. */
export interface Architecture {
  readonly names: readonly string[];
  /** `numbers` holds the file's tensors that are recorded, decoded. */
  bind(meta: Metadata, tensors: ReadonlyMap<string, Tensor>, numbers: Numbers): BoundModel;
}

type RecorderOf<G extends Recorder> = new (limits: GraphLimits) => G;

/** A family whose ops `Recorder` knows; closes over its own types, so that the table holds all of them. */
export const architecture = <C extends BaseConfig, W>(family: Family<C, W, Recorder>): Architecture =>
  architectureBy(Recorder, family);

/** A family that is recorded by a recorder of other ops, too. */
export function architectureBy<C extends BaseConfig, W, G extends Recorder>(
  RecorderOfFamily: RecorderOf<G>,
  family: Family<C, W, G>,
): Architecture {
  return {
    names: family.names,
    bind(meta, tensors, numbers) {
      const find = new WeightFinder(tensors, numbers);
      const config = family.config(meta, find);
      const weights = family.weights(config, find);
      find.checkAllRead(config);
      return {
        config,
        weights: [...find.used.values()],
        record(limits, kvType, { pooling = config.pooling, adapt } = {}) {
          const g = new RecorderOfFamily(limits);
          adapt?.(g);
          const state = family.state(config, { ...limits, kvType });
          return { graph: g.finish(family.forward(g, { ...config, pooling }, weights, state)), state };
        },
      };
    },
  };
}
