import type { ActivationKind } from '../graph/activations.ts';
import type { Conversation } from '../chat/conversation.ts';
import type { Thoughts } from '../chat/thoughts.ts';
import type { SamplerOptions } from '../sampling/options.ts';
import type { KvType } from '../graph/layer_state.ts';
import type { GpuReport } from '../platform/gpu.ts';
import type { AdapterInfo } from './adapters.ts';

export type BackendName = 'auto' | 'webgpu' | 'wasm' | 'reference';

/** Options of opening a model. Everything has a default that works. */
export interface OpenOptions {
  /** Positions a session holds: prompt and answer together. Default: what the model was trained on, at most 4096. */
  readonly nCtx?: number;
  /** How keys and values are kept. Default `f16`. */
  readonly kvType?: KvType;
  /**
   * How fine the activations are that quantised weights are multiplied with: 15 bits, or 8, which is faster and less faithful (Q4_0,
   * Q4_1, Q8_0, Q4_K, Q5_K, Q6_K; others stay exact). Default `exact`.
   */
  readonly activations?: ActivationKind;
  /**
   * What computes: `wasm` (default), all cores of the processor; `webgpu`, a GPU, also one that is made of software; `auto`, the faster of
   * these two for this model, which is measured once for a device; `reference`, plain loops.
   */
  readonly backend?: BackendName | undefined;
  /**
   * Bytes that the model may take of the GPU's memory, by the sizes of its file: the last layers that fit run on the GPU, those before on the
   * processor. Default: all of it runs on the GPU.
   */
  readonly gpuBytes?: number | undefined;
  /**
   * Bytes of the processor's memory that the model may take, all in all, or `auto`: as many as this device has to give. Where that is less than
   * it needs, as many weights as fit stay there; the others are read from the source each time they are used, with the same results. The backend
   * `auto` then takes a GPU with `gpuBytes` only, since its memory may be the same. Default: all of it is in memory.
   */
  readonly memory?: number | 'auto' | undefined;
  /**
   * An approximation, with `memory` and a mixture of experts: while it answers, a token takes experts that are in memory in place of others whose
   * scores are higher by at most this part, above 0, up to 1, of the distance between its best score and its worst. Less is read, and the
   * text is another one, which depends on what was read before. Default: off, results are those of all of it in memory.
   */
  readonly preferCached?: number | undefined;
  /** Compute threads of the processor, 1 to 64. Default: one per core, at most 8; `info.threads` says how many there are. */
  readonly threads?: number;
  /** Forces a kernel build by name; default: the best one that works here. */
  readonly build?: 'relaxed' | 'simd';
  /** Sessions that can be open at a time; memory is set aside for them. Default 4. */
  readonly maxSessions?: number;
  /**
   * Logits rows per step, `nVocab` floats each: `logits()` and `score()` get so many at a time, and speculation can guess one
   * token less. Default 8.
   */
  readonly maxLogits?: number;
  /** A chat template in place of the file's: a Jinja source, or the name of a format, `chatml`. */
  readonly chatTemplate?: string;
}

export interface LoadProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

/** What an opened model is, for a status line. */
export interface ModelInfo {
  /** `general.name`, or the file's. */
  readonly name: string;
  readonly architecture: string;
  readonly nParams: number;
  /** Bytes of weights in the file. */
  readonly weightBytes: number;
  readonly nVocab: number;
  /** The token that every text starts with; undefined where the model wants none. */
  readonly bosToken: number | undefined;
  /** The model makes embeddings (`model.embed`) instead of text. */
  readonly embeds: boolean;
  /** The model is a reranker: it says how well documents answer a query (`model.rank`), and nothing else. */
  readonly ranks: boolean;
  readonly nLayers: number;
  readonly dim: number;
  readonly nCtx: number;
  readonly nCtxTrain: number;
  /** Sessions that can be open at a time. */
  readonly maxSessions: number;
  /** `wasm-relaxed` or `wasm-simd`, `webgpu`, `reference`. */
  readonly backend: string;
  /** The GPU that it runs on; undefined where it runs on the processor. */
  readonly gpu: GpuReport | undefined;
  /** Why the processor computes where `auto` could have chosen a GPU; undefined where it did, or had no choice. */
  readonly noGpu: string | undefined;
  readonly activations: ActivationKind;
  readonly threads: number;
  /** Why there is one thread where several were asked for, or could be; undefined where there are. */
  readonly noThreads: string | undefined;
  /** Milliseconds from the call until the model could answer. */
  readonly loadMs: number;
  /** Sampling settings that suit the model, from its file or by its family and size: those that an answer has unless it is given others. */
  readonly sampling: SamplerOptions;
  /** How the model marks its thoughts in its answers; undefined where it is not known to have any. */
  readonly thoughts: Thoughts | undefined;
  /**
   * Where it was opened with less memory than it needs as a whole: bytes that it takes, and that it reads for each token. With `preferCached` its
   * answers are an approximation.
   */
  readonly paging:
    | { readonly memoryBytes: number; readonly bytesPerToken: number; readonly preferCached?: number | undefined }
    | undefined;
  /** Adapters that it was opened with. */
  readonly adapters: readonly AdapterInfo[];
  /** Why there can be no chat; undefined when there can. */
  readonly noChat: string | undefined;
}

/**
 * A model goes on from this: text (with BOS in front if the model wants one), tokens as they are, or a conversation, which
 * the model's chat template turns into text.
 */
export type Prompt = string | readonly number[] | TextPrompt | ConversationPrompt;

/** A text, and what may become of it: by itself nothing is added, and no control token is recognised. */
export interface TextPrompt extends UserText {
  readonly text: string;
  /** Control tokens spelled out in the text are these tokens. */
  readonly special?: boolean;
  readonly bos?: boolean;
  readonly eos?: boolean;
}

export interface ConversationPrompt extends Conversation, UserText {}

interface UserText {
  /**
   * Whether what a user wrote can become user-defined tokens, which some vocabularies have beside control tokens: `<tool_call>`, runs of
   * white space. By default it can, as in llama.cpp. With `false` it becomes other tokens with the same text.
   */
  readonly userDefined?: boolean;
}
