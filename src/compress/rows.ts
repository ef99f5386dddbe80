/** The work of quantising: some rows of one tensor, from one type to another. It knows nothing of files, so any thread can do it. */
import { notFinite } from '../quants/finite.ts';
import { quantByName } from '../quants/index.ts';
import { bytesFor, type QuantType } from '../quants/quant_type.ts';
import { encoderOf } from './encode/index.ts';

/** Whole rows, `nWeights` weights in all. Plain data: it goes to other threads. */
export interface Rows {
  readonly tensor: string;
  /** Where in the tensor they begin, for messages. */
  readonly firstWeight: number;
  readonly nWeights: number;
  /** Names of quant types. */
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `[nCols]` */
  readonly importance: Float32Array | undefined;
}

/** The rows' bytes in the new type, or why there are none. */
export type Encoded =
  { readonly bytes: Uint8Array<ArrayBuffer>; readonly problem?: undefined } | { readonly problem: string };

/** Brings the decoders of these types, before `encodeRows` is called. */
export const prepareTypes = async (names: readonly string[]): Promise<void> => {
  await Promise.all(names.map((name) => quantByName.get(name)!.load?.()));
};

/** Encodes rows anew where the type changes. What was read and what is written is looked at: neither may be infinite or NaN. */
export function encodeRows({ tensor, firstWeight, nWeights, from, to, bytes, importance }: Rows): Encoded {
  const [source, target] = [quantByName.get(from)!, quantByName.get(to)!];
  if (!source.dequantize) return { bytes }; // of a type that is only known by name
  const floats = new Float32Array(nWeights);
  source.dequantize(bytes, floats);
  const bad = firstInfinite(floats);
  if (bad >= 0) return { problem: notFinite(tensor, `weight ${firstWeight + bad}`).message };
  if (from === to) return { bytes };
  const encoded = new Uint8Array(bytesFor(target, nWeights));
  encoderOf(target)!(floats, encoded, importance);
  if (isHeld(target, encoded, floats)) return { bytes: encoded };
  return {
    problem: `${tensor} has weights that ${to} turns infinite; quantise to a type that holds them, such as bf16`,
  };
}

function isHeld(quant: QuantType, encoded: Uint8Array, floats: Float32Array): boolean {
  quant.dequantize!(encoded, floats);
  return firstInfinite(floats) < 0;
}

/** Where the first number is that is infinite or NaN, or -1. A loop: `findIndex` takes six times as long (Node 20 on the Xeon). */
function firstInfinite(floats: Float32Array): number {
  for (let i = 0; i < floats.length; i++) if (!(Math.abs(floats[i]!) < Infinity)) return i;
  return -1;
}
