// Multiplies and adds 16-bit floats: 16 chains a thread, none of which waits for another. 64 multiply-adds a loop.

enable f16;

@group(0) @binding(0) var<storage, read> operands: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> never: array<vec4<f32>>;

override threads: u32;
override loops: u32;

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let factor = vec4<f16>(operands[0]);
  let term = vec4<f16>(operands[1]);
  var a = vec4<f16>(f16(id.x & 15u));
  var b = a + 1.0h;
  var c = a + 2.0h;
  var d = a + 3.0h;
  for (var i = 0u; i < loops; i++) {
    a = fma(a, factor, term);
    b = fma(b, factor, term);
    c = fma(c, factor, term);
    d = fma(d, factor, term);
    a = fma(a, factor, term);
    b = fma(b, factor, term);
    c = fma(c, factor, term);
    d = fma(d, factor, term);
    a = fma(a, factor, term);
    b = fma(b, factor, term);
    c = fma(c, factor, term);
    d = fma(d, factor, term);
    a = fma(a, factor, term);
    b = fma(b, factor, term);
    c = fma(c, factor, term);
    d = fma(d, factor, term);
  }
  if (all(a + b + c + d == vec4<f16>(-1.0, -2.0, -3.0, -4.0))) {
    never[0] = vec4<f32>(a);
  }
}
