// Where a row of the step lies in caches of so many rows: a cache with fewer rows than the context has positions is a ring.
override nPositions: u32;

fn cacheRow(row: u32) -> u32 {
  return (step.rows[row].base + step.rows[row].position) % nPositions;
}
