// All numbers of a row that are not below a floor (best_floor): the bits of logits[cols] -> out, a list of (column, bits), in no order. Where
// they are more than the list has room for, n says how many, and the rest is lost.
// needs: step, list, order

@group(0) @binding(2) var<storage, read> logits: array<u32>;

override threads: u32;
override cols: u32;
override parts: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let floor = out.floor;
  for (var column = id.x; column < cols; column += parts) {
    let bits = logits[column];
    if (orderOf(bits) >= floor) {
      let i = atomicAdd(&out.n, 1u);
      if (i < arrayLength(&out.entries)) {
        out.entries[i] = vec2(column, bits);
      }
    }
  }
}
