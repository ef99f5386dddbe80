import { FormatError } from '../base/errors.ts';

/**
 * SentencePiece's precompiled rules for characters that become others: NFKC, mostly. They are keys and values, the keys in a double array of
 * the Darts library (Kanda 2018, "Space- and Time-Efficient String Dictionaries"):
 *
 *     | u32 bytes of the array | units of u32, little-endian | values, UTF-8, each with a 0 behind it |
 *
 *     unit   31 (not in a value) | 30 … 10 offset | 9 offset × 256 | 8 has a value | 7 … 0 label
 *
 * The unit of a key's next byte stands at its own index ^ offset ^ byte, and has that byte for its label. Where a key ends, the unit at
 * index ^ offset holds the place of its value, in bits 30 … 0. Nothing about a file is believed: each step checks where it leads.
 */
export class Charsmap {
  private readonly units: DataView;
  private readonly nUnits: number;
  /** What keys become. A value is `values[begin … end)`. */
  readonly values: Uint8Array;
  begin = 0;
  end = 0;

  /** @throws FormatError for bytes that are no such table. */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const arrayBytes = bytes.length < 4 ? bytes.length : view.getUint32(0, true);
    if (arrayBytes + 4 >= bytes.length) throw damaged(`its array has ${arrayBytes} bytes of ${bytes.length}`);
    this.units = new DataView(bytes.buffer, bytes.byteOffset + 4, arrayBytes);
    this.nUnits = Math.floor(arrayBytes / 4);
    this.values = bytes.subarray(4 + arrayBytes);
  }

  /**
   * How many bytes the longest key has that `text` holds at `at`; 0 where none begins there. Its value is then between `begin` and `end`.
   * @throws FormatError where the table leads astray.
   */
  match(text: Uint8Array, at: number): number {
    if (this.nUnits === 0) return 0;
    let nBytes = 0;
    let value = 0;
    let index = offsetOf(this.unit(0));
    for (let i = at; i < text.length && text[i] !== 0; i++) {
      if (i - at === maxKeyBytes) throw damaged(`a key has more than ${maxKeyBytes} bytes`);
      index = (index ^ text[i]!) >>> 0;
      const unit = this.unit(index);
      if ((unit & 0x800000ff) !== text[i]) break;
      index = (index ^ offsetOf(unit)) >>> 0;
      if ((unit & 0x100) === 0) continue;
      nBytes = i - at + 1;
      value = this.unit(index) & 0x7fffffff;
    }
    if (nBytes > 0) this.find(value);
    return nBytes;
  }

  private unit(index: number): number {
    if (index >= this.nUnits) throw damaged(`a key leads to unit ${index} of ${this.nUnits}`);
    return this.units.getUint32(index * 4, true);
  }

  private find(value: number): void {
    const { values } = this;
    this.begin = value;
    this.end = values.subarray(value, value + maxValueBytes + 1).indexOf(0) + value;
    if (this.end < value)
      throw damaged(`a value at byte ${value} of ${values.length} does not end within ${maxValueBytes}`);
  }
}

const offsetOf = (unit: number): number => ((unit >>> 10) << ((unit & 0x200) >>> 6)) >>> 0;

/** Far longer than any in NFKC (18 and 33), so that no file can make a text take forever. */
const maxKeyBytes = 128;
const maxValueBytes = 256;

const damaged = (came: string): FormatError =>
  new FormatError(`tokenizer.ggml.precompiled_charsmap is damaged: ${came}; convert the model again?`);
