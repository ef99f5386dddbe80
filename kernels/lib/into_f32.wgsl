// Numbers 4 * index … of caches of floats; one that is not finite is noticed.

@group(0) @binding(1) var<storage, read_write> keys: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> values: array<vec4<f32>>;

fn notice(numbers: vec4<f32>) {
  if (any((bitcast<vec4<u32>>(numbers) & vec4<u32>(0x7f800000u)) == vec4<u32>(0x7f800000u))) {
    atomicStore(&lost, 1u);
  }
}

fn storeKeys(index: u32, numbers: vec4<f32>) {
  notice(numbers);
  keys[index] = numbers;
}

fn storeValues(index: u32, numbers: vec4<f32>) {
  notice(numbers);
  values[index] = numbers;
}
