// Raw figures to scores in [0, 100], as upstream's DefaultNormalizeScore.

const MAX = 100;

function largest(scores: Float64Array, count: number): number {
  let max = 0;
  for (let i = 0; i < count; i++) max = Math.max(max, scores[i] as number);
  return max;
}

/** The largest figure becomes 100. */
export function normalizeUp(scores: Float64Array, count: number): void {
  const max = largest(scores, count);
  if (max === 0) return;
  for (let i = 0; i < count; i++) scores[i] = Math.floor((MAX * (scores[i] as number)) / max);
}

/** The smallest figure becomes the best score; when all are 0, all are 100. */
export function normalizeDown(scores: Float64Array, count: number): void {
  const max = largest(scores, count);
  for (let i = 0; i < count; i++) {
    scores[i] = max === 0 ? MAX : MAX - Math.floor((MAX * (scores[i] as number)) / max);
  }
}
