// Multiplies four signed bytes at once and adds the products: 8 chains a thread. 128 multiply-adds a loop.

@group(0) @binding(0) var<storage, read> operands: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> never: array<vec4<i32>>;

override threads: u32;
override loops: u32;

fn step(sums: vec4<i32>, factor: vec4<u32>) -> vec4<i32> {
  let bytes = bitcast<vec4<u32>>(sums);
  return sums + vec4<i32>(
    dot4I8Packed(bytes.x, factor.x),
    dot4I8Packed(bytes.y, factor.y),
    dot4I8Packed(bytes.z, factor.z),
    dot4I8Packed(bytes.w, factor.w),
  );
}

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let factor = operands[0];
  var a = vec4<i32>(bitcast<i32>(id.x)) + vec4<i32>(1, 2, 3, 4);
  var b = a + 4;
  for (var i = 0u; i < loops; i++) {
    a = step(a, factor);
    b = step(b, factor);
    a = step(a, factor);
    b = step(b, factor);
    a = step(a, factor);
    b = step(b, factor);
    a = step(a, factor);
    b = step(b, factor);
  }
  if (all(a + b == vec4<i32>(-1, -2, -3, -4))) {
    never[0] = a;
  }
}
