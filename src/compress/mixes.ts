/**
 * Which type each matrix of a model gets. A mix gives most matrices one type, and more bits to those that feel rounding most: values of
 * attention, the way back from the feed-forward block, and of both the first and last layers. All of it is what llama.cpp's
 * `llama_model_quantize` chooses (src/llama-quant.cpp of v0.5.0), so that files of one name are alike.
 */

/** Where a matrix stands: the how manyeth of its kind, and what else its type depends on. */
export interface Place {
  /** From 0. */
  readonly i: number;
  readonly n: number;
  /** Query heads that share a head of keys and values, in the first layer. */
  readonly nShared: number;
  readonly hasImportance: boolean;
}

/** Another type than the mix's own. */
type Choice = (place: Place) => string | undefined;

/** Matrices that have rules of their own. Values include those on top of queries and keys. */
export type Role = 'values' | 'ffnDown' | 'attnOutput';

export interface Mix {
  /** `general.file_type` of the result (`enum llama_ftype`). */
  readonly fileType: number;
  /** What most matrices get. */
  readonly type: string;
  readonly rules?: Readonly<Partial<Record<Role, Choice>>>;
  /** Attention's output in a model of eight experts; absent: as in others. */
  readonly outputOfEight?: string;
  /** What all matrices get that are no stack of experts. */
  readonly unstacked?: string;
  /** Without the importance of columns the result would be useless. */
  readonly needsImportance?: true;
}

const always =
  (type: string): Choice =>
  () =>
    type;

const isFirst = (part: number, { i, n }: Place): boolean => i < Math.floor(n / part);

/** In the first of `part` parts of the layers. */
const first =
  (part: number, type: string): Choice =>
  (place) =>
    isFirst(part, place) ? type : undefined;

/** In the first and the last eighth of the layers, and in every third between. */
const often =
  (type: string): Choice =>
  (place) => {
    const { i, n } = place;
    const isLast = i >= Math.floor((7 * n) / 8);
    return isFirst(8, place) || isLast || (i - Math.floor(n / 8)) % 3 === 2 ? type : undefined;
  };

/** Where four query heads or more share a head: its matrix is small. */
const whereShared =
  (type: string, otherwise?: string): Choice =>
  ({ nShared }) =>
    nShared >= 4 ? type : otherwise;

/** In the first eighth of the layers, with or without the importance of columns. */
const firstEighth =
  (type: string, wantsImportance: boolean): Choice =>
  (place) =>
    place.hasImportance === wantsImportance ? first(8, type)(place) : undefined;

const uneven = { values: whereShared('q5_k'), ffnDown: firstEighth('q5_k', false) };

/** By llama.cpp's names. */
export const mixes: Readonly<Record<string, Mix>> = {
  F32: { fileType: 0, type: 'f32' },
  F16: { fileType: 1, type: 'f16' },
  BF16: { fileType: 32, type: 'bf16' },
  Q8_0: { fileType: 7, type: 'q8_0' },
  Q6_K: { fileType: 18, type: 'q6_k' },
  Q5_K_M: { fileType: 17, type: 'q5_k', rules: { values: often('q6_k'), ffnDown: often('q6_k') } },
  Q5_K_S: { fileType: 16, type: 'q5_k' },
  Q5_1: { fileType: 9, type: 'q5_1' },
  Q5_0: { fileType: 8, type: 'q5_0', rules: { ffnDown: firstEighth('q5_1', true) } },
  Q4_K_M: {
    ...{ fileType: 15, type: 'q4_k', outputOfEight: 'q5_k' },
    rules: { values: often('q6_k'), ffnDown: often('q6_k') },
  },
  Q4_K_S: {
    ...{ fileType: 14, type: 'q4_k', outputOfEight: 'q5_k' },
    rules: { values: ({ i }) => (i < 4 ? 'q5_k' : undefined), ffnDown: first(8, 'q5_k') },
  },
  Q4_1: { fileType: 3, type: 'q4_1' },
  Q4_0: { fileType: 2, type: 'q4_0', rules: { ffnDown: firstEighth('q4_1', true) } },
  IQ4_NL: { fileType: 25, type: 'iq4_nl', rules: uneven, outputOfEight: 'q5_k' },
  IQ4_XS: { fileType: 30, type: 'iq4_xs', rules: uneven, outputOfEight: 'q5_k' },
  MXFP4_MOE: { fileType: 38, type: 'mxfp4', unstacked: 'q8_0' },
  Q3_K_L: {
    ...{ fileType: 13, type: 'q3_k' },
    rules: { values: always('q5_k'), ffnDown: always('q5_k'), attnOutput: always('q5_k') },
  },
  Q3_K_M: {
    ...{ fileType: 12, type: 'q3_k', outputOfEight: 'q5_k' },
    rules: {
      values: ({ i }) => (i < 2 ? 'q5_k' : 'q4_k'),
      ffnDown: (place) => (isFirst(16, place) ? 'q5_k' : 'q4_k'),
      attnOutput: always('q4_k'),
    },
  },
  Q3_K_S: { fileType: 11, type: 'q3_k', outputOfEight: 'q5_k' },
  Q2_K: {
    ...{ fileType: 10, type: 'q2_k', outputOfEight: 'q5_k' },
    rules: { values: whereShared('q4_k', 'q3_k'), ffnDown: always('q3_k'), attnOutput: always('q3_k') },
  },
  Q2_K_S: {
    ...{ fileType: 21, type: 'q2_k', needsImportance: true },
    rules: { values: whereShared('q4_k'), ffnDown: first(8, 'q4_k') },
  },
  Q1_0: { fileType: 40, type: 'q1_0' },
};

/** Names that people say for short. */
const aliases: Readonly<Record<string, string>> = { Q3_K: 'Q3_K_M', Q4_K: 'Q4_K_M', Q5_K: 'Q5_K_M' };

/** The mix that a name means, in capitals or not; undefined where there is none. */
export function mixNamed(name: string): string | undefined {
  const upper = name.toUpperCase().replaceAll('-', '_');
  const full = aliases[upper] ?? upper;
  return Object.hasOwn(mixes, full) ? full : undefined;
}
