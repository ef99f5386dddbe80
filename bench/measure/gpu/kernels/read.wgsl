// Reads a buffer once: neighbouring threads read neighbouring 16 bytes, four times in a row. The buffer has a multiple of 64 bytes for each
// thread of the grid.

@group(0) @binding(0) var<storage, read> bytes: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> never: array<vec4<u32>>;

override threads: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let stride = groups.x * threads;
  var a = vec4<u32>();
  var b = vec4<u32>();
  var c = vec4<u32>();
  var d = vec4<u32>();
  for (var i = id.x; i < arrayLength(&bytes); i += 4u * stride) {
    a ^= bytes[i];
    b ^= bytes[i + stride];
    c ^= bytes[i + 2u * stride];
    d ^= bytes[i + 3u * stride];
  }
  // The compiler cannot know that this does not happen, so it cannot leave the reading out.
  if (all((a ^ b ^ c ^ d) == vec4<u32>(0x9e3779b9u, 1u, 2u, 3u))) {
    never[0] = a;
  }
}
