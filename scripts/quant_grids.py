#!/usr/bin/env python3
"""Writes src/quants/grids.ts: the grids of the IQ types, from the gguf package's own tables.

    pip install gguf==0.19.0 numpy==2.4.6
    python scripts/quant_grids.py
"""

import base64
import pathlib

import gguf.quants as q
import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "src" / "quants" / "grids.ts"

# name, class, bits of a digit
GRIDS = [
    ("iq2_xxs", q.IQ2_XXS, 2),
    ("iq2_xs", q.IQ2_XS, 2),
    ("iq2_s", q.IQ2_S, 2),
    ("iq3_xxs", q.IQ3_XXS, 4),
    ("iq3_s", q.IQ3_S, 4),
    ("iq1", q.IQ1_S, 2),
]

HEAD = '''/**
 * The rows that the IQ types choose weights from; scripts/quant_grids.py wrote them. They follow from no formula. A grid's numbers are few, and
 * lie as digits in base64: `values` says what a digit stands for, digits of `bits` bits begin at the lowest bits of a byte.
 */
export interface Grid {
  /** Numbers of a row. */
  readonly width: number;
  readonly bits: number;
  readonly values: readonly number[];
  readonly digits: string;
}

/** Its digits. */
export const digitBytes = ({ digits }: Grid): Uint8Array => Uint8Array.from(atob(digits), (char) => char.charCodeAt(0));

/** All numbers of a grid, row after row. */
export function expand(grid: Grid): Int8Array {
  const { bits, values } = grid;
  const bytes = digitBytes(grid);
  const perByte = 8 / bits;
  const digit = (i: number): number => (bytes[Math.floor(i / perByte)]! >> (bits * (i % perByte))) & (2 ** bits - 1);
  return Int8Array.from({ length: bytes.length * perByte }, (_, i) => values[digit(i)]!);
}
'''


def main():
    text = HEAD
    for name, cls, bits in GRIDS:
        cls.init_grid()
        grid = np.asarray(cls.grid).astype(np.int8).reshape(-1)
        width = cls.grid_shape[1]
        values = sorted(set(grid.tolist()))
        digits = np.array([values.index(v) for v in grid.tolist()], np.uint8).reshape(-1, 8 // bits)
        packed = np.zeros(len(digits), np.uint8)
        for i in range(8 // bits):
            packed |= digits[:, i] << (bits * i)
        text += f"\nexport const {name}: Grid = {{\n  width: {width},\n  bits: {bits},\n  values: {values},\n"
        text += f"  // prettier-ignore\n  digits: '{base64.b64encode(packed.tobytes()).decode()}',\n}};\n"
    OUT.write_text(text)


main()
