import type { NodeWork } from '../backends/backend.ts';
import type { ColumnSums } from '../base/column_sums.ts';
import { FormatError } from '../base/errors.ts';
import type { GgufFile } from '../gguf/read.ts';
import type { Node, Value } from '../graph/graph.ts';
import { unfused } from '../models/unfused.ts';
import { matmul } from '../ops/matmul.ts';
import { colsOf } from '../ops/op.ts';
import type { Pause } from './score.ts';
import type { Session } from './session.ts';

/** The sums of one input. Matrices that meet the same input share them. */
interface Sums {
  readonly squares: Float64Array;
  readonly names: Set<string>;
  nRows: number;
}

export interface Collector {
  readonly onNode: (work: NodeWork) => void;
  /** Reads texts, each from an empty context; says after each step how many tokens it has read. */
  read(
    session: Session,
    texts: readonly (readonly number[])[],
    emit: (nTokens: number) => void,
    pause: Pause,
  ): Promise<void>;
  /** @throws FormatError where the model made numbers that are infinite or NaN. */
  sums(): ColumnSums[];
}

/**
 * Adds up the squares of what the matrices of a model's layers are multiplied with, while its nodes run. A matrix goes by the name that
 * it has in the file, where it may lie on top of others.
 */
export function collectSums(file: GgufFile): Collector {
  const nameOf = namesIn(file);
  const all = new Map<Value, Sums>();
  const added = new Set<Value>(); // in this step: several nodes read a value, and a node may run in parts
  const add = (node: Node, read: NodeWork['read']): void => {
    const [w, x] = node.inputs as [Value, Value];
    if (node.op !== matmul || !w.name.startsWith('blk.')) return;
    const nCols = colsOf(x);
    const sums = all.get(x) ?? { squares: new Float64Array(nCols), names: new Set(), nRows: 0 };
    all.set(x, sums);
    sums.names.add(nameOf(w.name));
    if (added.has(x)) return;
    added.add(x);
    const rows = read(x);
    for (let at = 0; at < rows.length; at += nCols) {
      for (let i = 0; i < nCols; i++) sums.squares[i]! += rows[at + i]! * rows[at + i]!;
    }
    sums.nRows += rows.length / nCols;
  };
  return {
    async read(session, texts, emit, pause) {
      let nTokens = 0;
      for (const tokens of texts) {
        for await (const rows of session.logits(tokens)) {
          added.clear();
          emit((nTokens += rows.length / session.nVocab));
          await pause();
        }
      }
    },
    onNode: ({ nodes, read }) => nodes.forEach((node) => add(node, read)),
    sums: () => [...all.values()].flatMap(results),
  };
}

function results({ squares, names, nRows }: Sums): ColumnSums[] {
  const sums = Float32Array.from(squares);
  const [name] = names;
  if (!sums.every(Number.isFinite))
    throw new FormatError(`what ${name} is multiplied with became infinite or NaN; damaged weights?`);
  return [...names].map((name) => ({ name, sums, counts: Float32Array.of(nRows) }));
}

/** Parts of a fused tensor go by the name of the whole. */
function namesIn(file: GgufFile): (name: string) => string {
  const parts = unfused(file).tensors;
  return (name) => {
    const part = parts.get(name);
    if (!part || file.tensors.has(name)) return name;
    const whole = [...file.tensors.values()].find(
      ({ shardIndex, offsetBytes, sizeBytes }) =>
        shardIndex === part.shardIndex && part.offsetBytes >= offsetBytes && part.offsetBytes < offsetBytes + sizeBytes,
    );
    return whole?.name ?? name;
  };
}
