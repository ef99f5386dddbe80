// The best number of each part of a row: the bits of logits[cols] -> out[parts], (order, column) each. Part p has columns p, p + parts,
// p + 2 parts ...; of equals the first is the best. A part without columns has order 0.
// needs: step, order

@group(0) @binding(1) var<storage, read_write> out: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> logits: array<u32>;

override threads: u32;
override cols: u32;
override parts: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  var best = vec2(0u, 0u);
  for (var column = id.x; column < cols; column += parts) {
    let order = orderOf(logits[column]);
    if (order > best.x) {
      best = vec2(order, column);
    }
  }
  out[id.x] = best;
}
