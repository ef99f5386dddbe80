// iq4_nl: 32 weights a block. weight = scale * values[level], level 0..15, see lib/iq4_values.wgsl.
//
//     levelPlane   | byte j, 0..15:  7 6 5 4        3 2 1 0 | …     16 bytes a block
//                                    level j + 16 | level j
//     scalePlane   | scale f16 | …
//
// needs: unit, halves, values16, iq4_values
@group(1) @binding(0) var<storage, read> levelPlane: array<vec4<u32>>;
@group(1) @binding(1) var<storage, read> scalePlane: array<u32>;

fn unit(index: u32) -> Unit {
  let levels = levelPlane[index];
  let scale = vec2<f32>(half(scalePlane[index >> 1u], index));
  let low = lookedUp(fields(levels, 0u, 15u), IQ4_VALUES);
  let high = lookedUp(fields(levels, 4u, 15u), IQ4_VALUES);
  return Unit(low, high, scale, vec2<f32>(0.0));
}
