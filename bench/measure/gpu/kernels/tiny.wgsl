// Adds one to one number: a dispatch that costs nothing but being one, and that waits for the one before it.

@group(0) @binding(0) var<storage, read> unused: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> count: array<u32>;

@compute @workgroup_size(1)
fn main() {
  count[0] += 1u + (unused[0].x & 0u);
}
