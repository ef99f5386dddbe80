import { describe, expect, it } from 'vitest';
import { circles } from '../../scripts/circles.mjs';
import { functionsOf } from '../../scripts/functions.mjs';

describe('the length of functions', () => {
  it('is that of all that is inside, and a function without a name goes by its place', () => {
    const text = `
      function outer(): number {
        const inner = () => {
          return 1;
        };
        return inner();
      }
      class Thing {
        method(): void {
          [1].map((x) => x);
        }
      }
      export default { key() {} };
    `;
    expect(functionsOf(text, 'some.ts')).toEqual([
      { name: 'outer', lines: 6 },
      { name: 'inner', lines: 3 },
      { name: 'method', lines: 3 },
      { name: 'method', lines: 1 },
      { name: 'key', lines: 1 },
    ]);
  });

  it('is read in AssemblyScript, whose methods carry decorators', () => {
    const text = 'class Sum {\n  @inline\n  static add(a: i32, b: i32): i32 {\n    return a + b;\n  }\n}\n';
    expect(functionsOf(text, 'some.ts')).toEqual([{ name: 'add', lines: 3 }]);
  });
});

describe('circles', () => {
  const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges).map(([a, to]) => [a, new Set(to)]));

  it('are sets of nodes that reach each other', () => {
    expect(circles(graph({ a: ['b'], b: ['c'], c: ['a', 'd'], d: ['e'], e: ['d'], f: ['a'] }))).toEqual([
      ['d', 'e'],
      ['a', 'b', 'c'],
    ]);
  });

  it('are not in a graph that only goes down, whichever way', () => {
    expect(circles(graph({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }))).toEqual([]);
    expect(circles(graph({ d: [], b: ['d'], c: ['d'], a: ['b', 'c'] }))).toEqual([]);
  });
});
