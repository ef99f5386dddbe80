// What attention sees, and how it scores it. Positions are counted as rows of the cache, before a ring turns them round: `base` and the
// position within the text.
// needs: step, capped, cache_row

override cols: u32;
override kvDim: u32;
override headDim: u32;
override scale: f32;
override window: u32;
override ahead: u32;
override cap: f32;
override alibi: f32;
override nInputs: u32;

// Lower than any score.
const LOWEST = -1.0e38;

// A row of the step sees [begin, end), and stands at `own`.
struct Sight {
  begin: u32,
  end: u32,
  own: u32,
}

fn sightOf(index: u32) -> Sight {
  let row = step.rows[index];
  let behind = min(ahead, row.end - 1u - index);
  let first = select(0u, max(row.position + 1u, window) - window, window > 0u);
  return Sight(row.base + first, row.base + row.position + behind + 1u, row.base + row.position);
}

// A product of query and key, with what bends it: a cap, and a slope for each position in between.
fn bent(product: f32, slope: f32, between: u32) -> f32 {
  var score = product;
  if (cap > 0.0) {
    score = capped(score, cap);
  }
  if (alibi > 0.0) {
    score -= slope * f32(between);
  }
  return score;
}
