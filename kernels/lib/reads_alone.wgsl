// Each thread reads all columns that it multiplies.

fn vectorAt(index: u32) -> vec4<u32> {
  return x[index];
}
