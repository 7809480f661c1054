// Does something many times, in batches that double while all goes well: what is bound to fail
// fails once, not a thousand times.

const FIRST_BATCH = 1;

export interface SlowStartResult {
  successes: number;
  error?: Error;
}

/** Stops after the first batch with a failure. */
export async function slowStart(
  count: number,
  action: () => Promise<void>,
): Promise<SlowStartResult> {
  let successes = 0;
  let batch = Math.min(FIRST_BATCH, count);
  while (batch > 0) {
    const results = await Promise.allSettled(Array.from({ length: batch }, action));
    const failures = results.filter((result) => result.status === "rejected");
    successes += batch - failures.length;
    const [failure] = failures;
    if (failure !== undefined) return { successes, error: failure.reason as Error };
    batch = Math.min(2 * batch, count - successes);
  }
  return { successes };
}
