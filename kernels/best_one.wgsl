// The best number of a row, of equals the first, from those of its parts (best_parts): partBest[parts] -> out, a list with one entry (as
// best_list makes it).
// needs: step, list

@group(0) @binding(2) var<storage, read> partBest: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> logits: array<u32>;

override threads: u32;
override parts: u32;

var<workgroup> found: array<vec2<u32>, threads>;

fn better(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return select(a, b, b.x > a.x || (b.x == a.x && b.y < a.y));
}

@compute @workgroup_size(threads)
fn main(@builtin(local_invocation_index) thread: u32) {
  var best = partBest[thread];
  for (var part = thread + threads; part < parts; part += threads) {
    best = better(best, partBest[part]);
  }
  found[thread] = best;
  workgroupBarrier();
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    if (thread < half) {
      found[thread] = better(found[thread], found[thread + half]);
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    atomicStore(&out.n, 1u);
    out.entries[0] = vec2(found[0].y, logits[found[0].y]);
  }
}
