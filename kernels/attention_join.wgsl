// Puts the parts together that attention_split leaves: parts[rows, heads, splits] -> out[rows, cols]. A workgroup is one head of one row.
// A sink is one more score for each head that has no value.
// needs: splits, hadamard, finite

@group(0) @binding(1) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> parts: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> sinks: array<f32>;

override threads: u32;
override fours: u32 = headDim / 4u;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let head = group.x;
  let sight = sightOf(group.y);
  let length = splitLength(sight);
  let n = (sight.end - sight.begin + length - 1u) / length;
  let first = partAt(group.y, head, 0u);
  var largest = LOWEST;
  var sum = 0.0;
  if (nInputs > 3u) {
    largest = sinks[head];
    sum = 1.0;
  }
  let sink = largest;
  for (var split = 0u; split < n; split++) {
    largest = max(largest, parts[first + split * (fours + 1u) + fours].x);
  }
  sum *= exp(sink - largest);
  for (var split = 0u; split < n; split++) {
    let scoreAndSum = parts[first + split * (fours + 1u) + fours].xy;
    sum += exp(scoreAndSum.x - largest) * scoreAndSum.y;
  }
  let factor = 1.0 / held(sum);
  for (var i = thread; i < fours; i += threads) {
    var total = vec4<f32>();
    for (var split = 0u; split < n; split++) {
      let at = first + split * (fours + 1u);
      total += exp(parts[at + fours].x - largest) * parts[at + i];
    }
    numbers[i] = total * factor;
  }
  workgroupBarrier();
  hadamard(thread);
  for (var i = thread; i < fours; i += threads) {
    out[(group.y * cols + head * headDim) / 4u + i] = numbers[i];
  }
}
