// Numbers 4 * index … of caches of halves; a half that is not finite is noticed.
// needs: half_of

@group(0) @binding(1) var<storage, read_write> keys: array<vec2<u32>>;
@group(0) @binding(5) var<storage, read_write> values: array<vec2<u32>>;

fn halvesOf(numbers: vec4<f32>) -> vec2<u32> {
  let low = vec2<u32>(halfOf(numbers.x), halfOf(numbers.z));
  let high = vec2<u32>(halfOf(numbers.y), halfOf(numbers.w));
  if (any((low & vec2<u32>(0x7c00u)) == vec2<u32>(0x7c00u)) || any((high & vec2<u32>(0x7c00u)) == vec2<u32>(0x7c00u))) {
    atomicStore(&lost, 1u);
  }
  return low | (high << vec2<u32>(16u));
}

fn storeKeys(index: u32, numbers: vec4<f32>) {
  keys[index] = halvesOf(numbers);
}

fn storeValues(index: u32, numbers: vec4<f32>) {
  values[index] = halvesOf(numbers);
}
