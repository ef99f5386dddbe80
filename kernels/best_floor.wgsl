// A number that at least step.nBest numbers of a row are not below, from the best of its parts (best_parts): partBest[parts] -> out, a list
// that is empty yet and has this floor (as an order). The parts are joined to groups; the floor is the best of the group that has nBest - 1
// groups before it.
// needs: step, list

@group(0) @binding(2) var<storage, read> partBest: array<vec2<u32>>;

override threads: u32;
override parts: u32;
override groups: u32;

var<workgroup> best: array<u32, groups>;

@compute @workgroup_size(threads)
fn main(@builtin(local_invocation_index) thread: u32) {
  for (var group = thread; group < groups; group += threads) {
    var order = 0u;
    for (var part = group; part < parts; part += groups) {
      order = max(order, partBest[part].x);
    }
    best[group] = order;
  }
  workgroupBarrier();
  for (var group = thread; group < groups; group += threads) {
    let own = best[group];
    var before = 0u;
    for (var other = 0u; other < groups; other++) {
      let order = best[other];
      before += select(0u, 1u, order > own || (order == own && other < group));
    }
    if (before == step.nBest - 1u) {
      atomicStore(&out.n, 0u);
      out.floor = own;
    }
  }
}
