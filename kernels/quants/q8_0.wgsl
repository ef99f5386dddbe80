// q8_0: 32 weights a block. weight = scale * level, level -128..127.
//
//     levelPlane   | level 0 i8 | level 1 | … level 31 | …     32 bytes a block
//     scalePlane   | scale f16 | …
//
// needs: unit, halves
@group(1) @binding(0) var<storage, read> levelPlane: array<vec4<u32>>;
@group(1) @binding(1) var<storage, read> scalePlane: array<u32>;

fn unit(index: u32) -> Unit {
  let scale = vec2<f32>(half(scalePlane[index >> 1u], index));
  return Unit(levelPlane[2u * index], levelPlane[2u * index + 1u], scale, vec2<f32>(0.0));
}
