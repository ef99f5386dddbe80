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

/** The sums of what some matrices are multiplied with: those that meet the same input, or a stack of them. */
interface Sums {
  readonly squares: Float64Array; // [nMatrices, nCols]
  readonly counts: Float64Array; // [nMatrices]
  readonly names: Set<string>;
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
  /** By the op and what is multiplied, which is read at the first of its nodes: behind that, its memory may be another's. */
  const all = new Map([matmul.name, 'matmul_experts'].map((op) => [op, new Map<Value, Sums>()]));
  const added = new Set<Sums>(); // in this step: several nodes read a value, and a node may run in parts
  const add = ({ op, inputs, params }: Node, read: NodeWork['read']): void => {
    const [w, x, chosen] = inputs as [Value, Value, Value];
    const ofOp = all.get(op.name);
    if (!ofOp || !w.name.startsWith('blk.')) return;
    const [nCols, nMatrices] = [colsOf(w), op === matmul ? 1 : w.shape[0]!];
    const sums = ofOp.get(x) ?? empty(nMatrices, nCols);
    ofOp.set(x, sums);
    sums.names.add(nameOf(w.name));
    if (added.has(sums)) return;
    added.add(sums);
    if (op === matmul) return addRows(sums, read(x), nCols);
    addChoices(sums, read(x), { chosen: read(chosen), nUsed: params['nUsed']!, nCols, isWide: colsOf(x) > nCols });
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
    sums: () => [...all.values()].flatMap((ofOp) => [...ofOp.values()].flatMap(results)),
  };
}

const empty = (nMatrices: number, nCols: number): Sums => ({
  squares: new Float64Array(nMatrices * nCols),
  counts: new Float64Array(nMatrices),
  names: new Set(),
});

function addRows({ squares, counts }: Sums, rows: Float32Array, nCols: number): void {
  for (let at = 0; at < rows.length; at += nCols) {
    for (let i = 0; i < nCols; i++) squares[i]! += rows[at + i]! * rows[at + i]!;
  }
  counts[0]! += rows.length / nCols;
}

interface Choices {
  readonly chosen: Float32Array; // [nTokens, 2 * nUsed]
  readonly nUsed: number;
  readonly nCols: number;
  /** Every choice has a row of its own. */
  readonly isWide: boolean;
}

/** A row is added to each expert that it chose. */
function addChoices({ squares, counts }: Sums, rows: Float32Array, { chosen, nUsed, nCols, isWide }: Choices): void {
  for (let choice = 0; choice < chosen.length / 2; choice++) {
    const t = Math.floor(choice / nUsed);
    const expert = chosen[t * 2 * nUsed + (choice % nUsed)]!;
    const at = (isWide ? choice : t) * nCols;
    for (let i = 0; i < nCols; i++) squares[expert * nCols + i]! += rows[at + i]! * rows[at + i]!;
    counts[expert]! += 1;
  }
}

function results({ squares, names, counts }: Sums): ColumnSums[] {
  const sums = Float32Array.from(squares);
  const [name] = names;
  if (!sums.every(Number.isFinite))
    throw new FormatError(`what ${name} is multiplied with became infinite or NaN; damaged weights?`);
  return [...names].map((name) => ({ name, sums, counts: Float32Array.from(counts) }));
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
