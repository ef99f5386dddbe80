import { Choices } from './lib/choices';
import { Record } from './lib/record';
import { scratch } from './lib/scratch';

@unmanaged
class SortChoicesRecord extends Record {
  out: Choices;
  chosen: usize; // [nRows, 2 * nUsed], of `route`
  nExperts: u32;
  nUsed: u32;

  /** The expert of a choice. */
  @inline
  expertOf(choice: u32): u32 {
    const row = choice / this.nUsed;
    return <u32>load<f32>(this.chosen + ((choice + row * this.nUsed) << 2));
  }
}

/** Lists all choices by their experts; one item. */
export function sort_choices(record: SortChoicesRecord, _begin: u32, _end: u32): void {
  const nExperts = record.nExperts;
  const out = record.out;
  const nChoices = record.nRows * record.nUsed;
  const counts = scratch(); // [nExperts], then the place where the expert's next choice goes
  memory.fill(counts, 0, nExperts << 2);
  for (let c: u32 = 0; c < nChoices; c++) {
    const count = counts + (record.expertOf(c) << 2);
    store<u32>(count, load<u32>(count) + 1);
  }
  listExperts(record, counts);
  let first: u32 = 0;
  for (let i: u32 = 0; i < out.nChosen; i++) {
    const chosen = out.at(i);
    chosen.first = first;
    store<u32>(counts + (chosen.expert << 2), first);
    first += chosen.n;
  }
  const places = out.places(nExperts);
  const choices = places + (nChoices << 2);
  for (let c: u32 = 0; c < nChoices; c++) {
    const next = counts + (record.expertOf(c) << 2);
    const place = load<u32>(next);
    store<u32>(next, place + 1);
    store<u32>(places + (c << 2), place);
    store<u32>(choices + (place << 2), c);
  }
}

/** Experts with choices, the most chosen first, so that threads end with small products; of equals the lowest first. */
function listExperts(record: SortChoicesRecord, counts: usize): void {
  const nExperts = record.nExperts;
  const out = record.out;
  out.nChosen = 0;
  for (let e: u32 = 0; e < nExperts; e++) {
    const n = load<u32>(counts + (e << 2));
    if (n == 0) continue;
    let i = out.nChosen++;
    for (; i > 0 && out.at(i - 1).n < n; i--) {
      out.at(i).expert = out.at(i - 1).expert;
      out.at(i).n = out.at(i - 1).n;
    }
    out.at(i).expert = e;
    out.at(i).n = n;
  }
}

export function sort_choices_items(_record: SortChoicesRecord): u32 {
  return 1;
}

export function sort_choices_scratch_bytes(record: SortChoicesRecord): u32 {
  return record.nExperts << 2;
}
