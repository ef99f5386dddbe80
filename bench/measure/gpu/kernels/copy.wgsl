// Copies a buffer, 16 bytes a thread and step.

@group(0) @binding(0) var<storage, read> bytes: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> copy: array<vec4<u32>>;

override threads: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let stride = groups.x * threads;
  for (var i = id.x; i < arrayLength(&copy); i += stride) {
    copy[i] = bytes[i];
  }
}
