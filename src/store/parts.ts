/** Which parts of a file have come, and which is to be fetched next. */

export interface Part {
  readonly begin: number;
  readonly end: number;
  /** Of its bytes, from its beginning. */
  doneBytes: number;
  isTaken: boolean;
}

export class Parts {
  /** Of all parts together. */
  doneBytes: number;
  private readonly sizeBytes: number;
  private readonly partBytes: number;
  private readonly parts: readonly Part[];
  /** Parts before this one have come. */
  private first: number;

  /** Everything before `doneBytes`, which is the end of a part, is there. */
  constructor(sizeBytes: number, partBytes: number, doneBytes: number) {
    this.sizeBytes = sizeBytes;
    this.partBytes = partBytes;
    this.doneBytes = doneBytes;
    this.first = Math.ceil(doneBytes / partBytes);
    this.parts = Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, i) => {
      const [begin, end] = [i * partBytes, Math.min((i + 1) * partBytes, sizeBytes)];
      return { begin, end, doneBytes: i < this.first ? end - begin : 0, isTaken: i < this.first };
    });
  }

  /** The first part that nobody fetches. */
  take(): Part | undefined {
    for (let i = this.first; i < this.parts.length; i++) {
      const part = this.parts[i]!;
      if (part.isTaken) continue;
      part.isTaken = true;
      return part;
    }
    return undefined;
  }

  /** It is to be fetched once more, from its beginning. */
  takeBack(begin: number): Part {
    const i = Math.floor(begin / this.partBytes);
    const part = this.parts[i]!;
    this.doneBytes -= part.doneBytes;
    part.doneBytes = 0;
    part.isTaken = true;
    this.first = Math.min(this.first, i);
    return part;
  }

  /** The end of the parts that have come without a gap. */
  wholeUntil(): number {
    while (this.first < this.parts.length && isWhole(this.parts[this.first]!)) this.first++;
    return Math.min(this.first * this.partBytes, this.sizeBytes);
  }
}

const isWhole = ({ begin, end, doneBytes }: Part): boolean => doneBytes === end - begin;
