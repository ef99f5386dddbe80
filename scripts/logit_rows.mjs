/** Rows of logits, as the scripts that make goldens handle them. */
import fs from 'node:fs';

/** @typedef {Float32Array} Row logits of one position, [nVocab] */

/**
 * Reads rows of floats.
 * @param {string} file
 * @param {number} nRows
 * @param {number} nVocab
 * @returns {Row[]}
 */
export function rowsOf(file, nRows, nVocab) {
  const bytes = fs.readFileSync(file);
  const all = new Float32Array(bytes.buffer, bytes.byteOffset, nRows * nVocab);
  return Array.from({ length: nRows }, (_, i) => all.subarray(i * nVocab, (i + 1) * nVocab));
}

export const at = (/** @type {Row} */ row, /** @type {number} */ i) => /** @type {number} */ (row[i]);
/** A number of so many digits. */
export const short = (/** @type {number} */ x, digits = 7) => Number(x.toPrecision(digits));
/** The tokens with the largest logits, the largest first. */
export const topOf = (/** @type {Row} */ row, /** @type {number} */ n) =>
  Array.from(row.keys())
    .sort((a, b) => at(row, b) - at(row, a))
    .slice(0, n);

/**
 * Largest and root-mean-square difference of two sets of rows.
 * @param {Row[]} a
 * @param {Row[]} b
 */
export function distance(a, b) {
  let max = 0;
  let sum = 0;
  let n = 0;
  a.forEach((row, i) => {
    const other = /** @type {Row} */ (b[i]);
    row.forEach((x, j) => {
      max = Math.max(max, Math.abs(x - at(other, j)));
      sum += (x - at(other, j)) ** 2;
    });
    n += row.length;
  });
  return { max: short(max, 3), rms: short(Math.sqrt(sum / n), 3) };
}

export const distances = (/** @type {Row[]} */ rows, /** @type {Record<string, Row[]>} */ others) =>
  Object.fromEntries(Object.entries(others).map(([name, r]) => [name, distance(rows, r)]));
