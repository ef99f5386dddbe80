import { bytesOf } from '../../src/graph/tensor.ts';
import type { BuiltCase } from './op_case.ts';

/** 1 for each of an operand's numbers that plain loops touch. */
interface Touched {
  readonly read: Uint8Array;
  readonly written: Uint8Array;
}

/** An array that notes which of its numbers are touched; views of it note theirs. */
function watched(target: Float32Array, touched: Touched, isWritten: boolean, begin = 0): Float32Array {
  const all = (): void => void touched[isWritten ? 'written' : 'read'].fill(1, begin, begin + target.length);
  return new Proxy(target, {
    get(_, key) {
      if (typeof key === 'string' && key < ':') {
        const i = Number(key); // no other property begins with a digit
        touched.read[begin + i] = 1;
        return target[i];
      }
      if (key === 'subarray') {
        return (from = 0, to = target.length) =>
          watched(target.subarray(from, to), touched, isWritten, begin + Math.min(from, target.length));
      }
      if (key === 'slice') {
        return (from = 0, to = target.length) => {
          touched.read.fill(1, begin + from, begin + to);
          return target.slice(from, to);
        };
      }
      if (key === 'set') {
        return (source: ArrayLike<number>, at = 0) => {
          for (let i = 0; i < source.length; i++) {
            touched.written[begin + at + i] = 1;
            target[at + i] = source[i]!;
          }
        };
      }
      if (key === 'buffer') all(); // quantising and dequantising f32 copies bytes
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set(_, key, value: number) {
      const i = Number(key);
      touched.written[begin + i] = 1;
      target[i] = value;
      return true;
    },
  });
}

const count = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0);

/** Bytes of all numbers that the op's loops read or write, each operand's once. */
export function countBytes({ node, step, operands }: BuiltCase): number {
  const { outInput, changes = [] } = node.op;
  const values = [...operands.map(({ value }) => value), node.out];
  const touched = values.map(({ shape }): Touched => {
    const n = shape.reduce((product, m) => product * m, 1);
    return { read: new Uint8Array(n), written: new Uint8Array(n) };
  });
  const inputs = operands.map(({ floats }, i) => watched(floats.slice(), touched[i]!, changes.includes(i)));
  const numbers = operands[outInput ?? -1]?.floats.slice() ?? new Float32Array(node.out.shape[0]! * node.out.shape[1]!);
  node.op.reference({ node, step, out: watched(numbers, touched.at(-1)!, true), inputs });
  return values.reduce((sum, value, i) => {
    const { read, written } = touched[i]!;
    const nRead = i === operands.length ? 0 : count(read); // of the output, only what was just written
    return sum + bytesOf(value, nRead) + bytesOf(value, count(written));
  }, 0);
}
