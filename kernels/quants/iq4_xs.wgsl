// iq4_xs: 256 weights a block, 8 units u. weight = scale unit * (scale - 32) * values[level], see lib/iq4_values.wgsl.
//
//     levelPlane   | byte j, 0..15:  7 6 5 4        3 2 1 0 | of unit 1 | …     128 bytes a block
//                                    level j + 16 | level j of unit 0
//     headPlane    | scale unit f16 | u16, bits 2 u + 1, 2 u: bits 5 4 of unit u's scale | u32, nibble u: its bits 3 2 1 0 | …
//
// needs: unit, halves, values16, iq4_values
@group(1) @binding(0) var<storage, read> levelPlane: array<vec4<u32>>;
@group(1) @binding(1) var<storage, read> headPlane: array<vec2<u32>>;

fn unit(index: u32) -> Unit {
  let u = index & 7u;
  let head = headPlane[index >> 3u];
  let level = ((head.y >> (4u * u)) & 15u) | (((head.x >> (16u + 2u * u)) & 3u) << 4u);
  let scale = vec2<f32>(half(head.x, 0u) * (f32(level) - 32.0));
  let levels = levelPlane[index];
  let low = lookedUp(fields(levels, 0u, 15u), IQ4_VALUES);
  let high = lookedUp(fields(levels, 4u, 15u), IQ4_VALUES);
  return Unit(low, high, scale, vec2<f32>(0.0));
}
