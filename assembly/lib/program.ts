import { Record } from './record';

/*
 * How a program runs on several threads at once. Every thread walks the same list of records, and nobody sends anything:
 *
 *     thread 0 (leader)   ▓▓▓▓▓▓▓▓▓│▓▓▓▓▓▓▓▓│░░░ …      ▓ items taken from the record's counter, a chunk at a time,
 *     thread 1            ▓▓▓▓▓▓▓▓▓│▓▓▓▓▓▓▓▓│▓▓▓ …        so a slow core takes fewer
 *     thread 2            ▓▓▓▓▓▓▓▓▓│▓▓▓▓▓▓░░│▓▓▓ …      │ barrier, only where a record needs what another thread wrote
 *
 * A kernel whose item r reads row r of its activations and writes row r of its output (norms, RoPE, sums …) can follow
 * another such kernel without a barrier if one thread does the same rows of both: such records are *fused*, the first one's
 * counter serves them all. Kernels with other items export `<op>_items(record)`.
 */

/** Shared by all threads of a pool. Words that many threads write have cache lines of their own. */
@unmanaged
class Control {
  nThreads: u32; // 0, written by the host
  quit: u32; // 4, written by the host: threads leave `work`
  aborted: u32; // 8, written by the host: a thread has died, the others give up the run
  program: Record; // 12: first record of the run
  programEnd: Record; // 16
  leaderAt: Record; // 20: where `resume` goes on
  leaderPassed: u32; // 24

  /** Counts runs; threads without work wait for it to change. */
  @inline
  get generation(): usize {
    return changetype<usize>(this) + 64;
  }

  /** Threads at the barrier. */
  @inline
  get arrived(): usize {
    return changetype<usize>(this) + 128;
  }

  /** Counts barriers passed; threads at a barrier wait for it to change. */
  @inline
  get passed(): usize {
    return changetype<usize>(this) + 192;
  }

  /** Threads that no longer spin: only they need a (slow) notification. */
  @inline
  get sleepers(): usize {
    return changetype<usize>(this) + 256;
  }
}

export function control_bytes(): u32 {
  return 320;
}

/** What `run` and `resume` return. */
const DONE: u32 = 0;
const WAITING: u32 = 1;
const ABORTED: u32 = 2;

/**
 * So often a thread looks at a word before it sleeps on it: tens of microseconds, the time of many barriers, and about the
 * cost of a wake-up.
 */
const SPINS: u32 = 20000;
/** At a barrier threads come up for air this often, the leader so that the host can see whether a thread has died. */
const PATIENCE_MS: f64 = 50;
const FOREVER: f64 = Infinity;

/**
 * Sleeps while the word is `from`: the host's `Atomics.wait`. WebAssembly has the same as an instruction, but Node 20's
 * baseline compiler loses a local variable's register across it (Node 22 does not): threads then walked past barriers.
 */
declare function sleep(word: usize, from: u32, timeoutMs: f64): void;

/** The leader's part of one run, called by the host. Counters lie side by side and begin at zero in every run. */
export function run(control: Control, program: Record, end: Record, counters: usize, countersBytes: u32): u32 {
  memory.fill(counters, 0, countersBytes);
  if (control.nThreads > 1) {
    control.program = program;
    control.programEnd = end;
    atomic.add<u32>(control.generation, 1);
    wake(control, control.generation);
  }
  return lead(control, program, end);
}

/** Goes on after `run` or `resume` returned WAITING: the leader has arrived at a barrier, others have not. */
export function resume(control: Control): u32 {
  if (!awaitBarrier(control, control.leaderPassed)) return control.aborted ? ABORTED : WAITING;
  const at = control.leaderAt;
  const end = control.programEnd;
  if (at == end) return DONE;
  return lead(control, work(control, at), end);
}

/** Walks from `record`, whose barrier is behind, to the end. */
function lead(control: Control, record: Record, end: Record): u32 {
  while (true) {
    while (record != end && !record.barrier) record = work(control, record);
    if (control.nThreads > 1) {
      control.leaderAt = record;
      control.leaderPassed = arrive(control);
      if (!awaitBarrier(control, control.leaderPassed)) return control.aborted ? ABORTED : WAITING;
    }
    if (record == end) return DONE;
    record = work(control, record);
  }
}

/** A compute worker's whole life: every run after number `generation`, until the host sets `quit` or `aborted`. */
export function follow(control: Control, generation: u32): void {
  while (true) {
    while (!awaitChange(control, control.generation, generation, FOREVER)) {}
    if (control.quit) return;
    generation++;
    const end = control.programEnd;
    for (let record = control.program; ; record = work(control, record)) {
      if (record == end || record.barrier) {
        const passed = arrive(control);
        while (!awaitBarrier(control, passed)) if (control.aborted) return;
        if (record == end) break;
      }
    }
  }
}

/** Takes items of a record until there are none left, does them, and gives the record behind the fused ones. */
function work(control: Control, record: Record): Record {
  const next = recordBehind(record);
  if (control.nThreads == 1) {
    doItems(record, next, 0, record.nItems);
    return next;
  }
  const chunk = record.chunk;
  const nItems = record.nItems;
  while (true) {
    const begin = atomic.add<u32>(record.counter, chunk);
    if (begin >= nItems) return next;
    doItems(record, next, begin, min(begin + chunk, nItems));
  }
}

function doItems(first: Record, next: Record, begin: u32, end: u32): void {
  for (let record = first; record != next; record = following(record)) {
    call_indirect<void>(record.kernel, changetype<usize>(record), begin, end);
  }
}

function recordBehind(record: Record): Record {
  for (let n = record.nFused + 1; n > 0; n--) record = following(record);
  return record;
}

function following(record: Record): Record {
  return changetype<Record>(changetype<usize>(record) + record.recordBytes);
}

/**
 * Counts this thread in; the last one opens the barrier. Gives the count of passed barriers whose change the thread waits
 * for.
 */
function arrive(control: Control): u32 {
  const passed = atomic.load<u32>(control.passed);
  if (atomic.add<u32>(control.arrived, 1) + 1 == control.nThreads) {
    atomic.store<u32>(control.arrived, 0);
    atomic.add<u32>(control.passed, 1);
    wake(control, control.passed);
  }
  return passed;
}

function awaitBarrier(control: Control, passed: u32): bool {
  return awaitChange(control, control.passed, passed, PATIENCE_MS);
}

/** Spins, then sleeps, but not longer than `timeoutMs`; whether the word has changed. */
function awaitChange(control: Control, word: usize, from: u32, timeoutMs: f64): bool {
  for (let i: u32 = 0; i < SPINS; i++) if (atomic.load<u32>(word) != from) return true;
  // Whoever changes the word looks at `sleepers` afterwards. It sees this thread, or this thread sees the change.
  atomic.add<u32>(control.sleepers, 1);
  sleep(word, from, timeoutMs);
  atomic.sub<u32>(control.sleepers, 1);
  return atomic.load<u32>(word) != from;
}

function wake(control: Control, word: usize): void {
  if (atomic.load<u32>(control.sleepers) > 0) atomic.notify(word, -1);
}
