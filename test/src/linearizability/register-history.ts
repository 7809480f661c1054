// What clients did to objects, each seen as a register that can be read, created, replaced and deleted: `value` names its state, and
// "" is the state of not being there. Every write has a value of its own, so that a state says which write made it.

export interface RegisterOperation {
  client: number;
  key: string;
  /** replace and delete are compare-and-swaps: they take effect only on the state `expected`. */
  kind: "read" | "create" | "replace" | "delete";
  /** Of a compare-and-swap. */
  expected: string;
  /** What a write makes; of a read that was answered, what it gave. */
  value: string;
  /** unknown: there was no answer, so a write may have been done, at any time from its start on, or may not. */
  outcome: "done" | "refused" | "unknown";
  /** On one clock. `end` is Infinity when there was no answer. */
  start: number;
  end: number;
  /** Of the state that a done write made, or that a read gave; 0 = not known. */
  revision: number;
}

/** The state after the operation; undefined = it cannot have had its outcome on `state`. */
export function applyOperation(
  state: string,
  { kind, expected, value, outcome }: RegisterOperation,
): string | undefined {
  if (kind === "read") return state === value ? state : undefined;
  const possible = kind === "create" ? state === "" : state !== "" && state === expected;
  if (outcome === "refused") return possible ? undefined : state;
  return possible ? value : undefined;
}
