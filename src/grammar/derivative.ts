import { hasByte } from './byte_set.ts';
import { checkLimit } from './limits.ts';
import type { Machine } from './machine.ts';
import { both, either, empty, machineText, not, nothing, repeat, sequence, type Regular, type Row } from './regular.ts';

/**
 * What may follow each first byte: the derivative of `regular` by it. All bytes at once, as ranges, because a state of an
 * automaton has few distinct ones.
 */
export function rowOf(regular: Regular): Row {
  regular.row ??= makeRow(regular);
  return regular.row;
}

function makeRow(regular: Regular): Row {
  switch (regular.kind) {
    case 'nothing':
    case 'empty':
      return { starts: [0], targets: [nothing] };
    case 'bytes':
      return rowOfSet(regular.set);
    case 'not':
      return mapped(rowOf(regular.part), not);
    case 'either':
      return merged(regular.parts.map(rowOf), either);
    case 'both':
      return merged(regular.parts.map(rowOf), both);
    case 'repeat': {
      const { part, min, max } = regular;
      const rest = repeat(part, Math.max(0, min - 1), max - 1);
      return mapped(rowOf(part), (target) => sequence(target, rest));
    }
    case 'sequence':
      return rowOfSequence(regular);
    case 'machine':
      return rowOfMachine(regular.machine, regular.state);
  }
}

/** A loop, not a recursion: a chain may be as long as a text. */
function rowOfSequence(regular: Regular): Row {
  const rows: Row[] = [];
  let rest = regular;
  for (; rest.kind === 'sequence'; rest = rest.tail) {
    const { head, tail } = rest;
    rows.push(mapped(rowOf(head), (target) => sequence(target, tail)));
    if (!head.nullable) return merged(rows, either);
    checkLimit('optional', rows.length);
  }
  rows.push(rowOf(rest));
  return merged(rows, either);
}

function rowOfSet(set: Uint32Array): Row {
  const starts: number[] = [];
  const targets: Regular[] = [];
  for (let byte = 0; byte < 256; byte++) push(starts, targets, byte, hasByte(set, byte) ? empty : nothing);
  return { starts, targets };
}

function rowOfMachine(machine: Machine, state: number): Row {
  const starts: number[] = [];
  const targets: Regular[] = [];
  for (let byte = 0; byte < 256; byte++) push(starts, targets, byte, machineText(machine, machine.step(state, byte)));
  return { starts, targets };
}

function push(starts: number[], targets: Regular[], start: number, target: Regular): void {
  if (targets.at(-1) === target) return;
  starts.push(start);
  targets.push(target);
}

function mapped({ starts, targets }: Row, become: (target: Regular) => Regular): Row {
  const result = { starts: [] as number[], targets: [] as Regular[] };
  targets.forEach((target, i) => push(result.starts, result.targets, starts[i]!, become(target)));
  return result;
}

function merged(rows: readonly Row[], join: (targets: Regular[]) => Regular): Row {
  if (rows.length === 1) return rows[0]!;
  const isStart = new Uint8Array(256);
  for (const { starts } of rows) for (const start of starts) isStart[start] = 1;
  const at = new Int32Array(rows.length); // which range of each row holds the byte
  const result = { starts: [] as number[], targets: [] as Regular[] };
  for (let byte = 0; byte < 256; byte++) {
    if (isStart[byte] === 0) continue;
    const targets = rows.map(({ starts, targets }, i) => {
      if (starts[at[i]! + 1] === byte) at[i]!++;
      return targets[at[i]!]!;
    });
    push(result.starts, result.targets, byte, join(targets));
  }
  return result;
}

/** The derivative by one byte. */
export function derivative(regular: Regular, byte: number): Regular {
  const { starts, targets } = rowOf(regular);
  let i = starts.length - 1;
  while (starts[i]! > byte) i--;
  return targets[i]!;
}
