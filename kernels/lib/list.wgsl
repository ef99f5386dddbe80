// The best numbers of a row, as they go back to the CPU.

struct List {
  // Entries that there are, also those that there was no room for.
  n: atomic<u32>,
  // As an order: no number that is not below it is missing.
  floor: u32,
  unusedA: u32,
  unusedB: u32,
  // The column, and the bits of the number.
  entries: array<vec2<u32>>,
}

@group(0) @binding(1) var<storage, read_write> out: List;
