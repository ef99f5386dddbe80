// q1_0: 128 weights a block, 4 units. weight = scale where its bit is set, -scale where not; so level 0 or 1, a step of two scales.
//
//     levelPlane   | u32 of unit 0, bit i: column i | of unit 1 | …     16 bytes a block
//     scalePlane   | scale f16 | …
//
// needs: unit, halves, bits
@group(1) @binding(0) var<storage, read> levelPlane: array<u32>;
@group(1) @binding(1) var<storage, read> scalePlane: array<u32>;

fn unit(index: u32) -> Unit {
  let levels = levelPlane[index];
  let scale = vec2<f32>(half(scalePlane[index >> 3u], index >> 2u));
  return Unit(spreadBits(levels), spreadBits(levels >> 16u), 2.0 * scale, -scale);
}
