// Whether a Pod tolerates a node's taint (upstream: api/core/v1 toleration.go).
import type { Taint, Toleration } from "../api/types/core-v1.ts";

export function toleratesTaint(
  { key = "", operator = "Equal", value = "", effect }: Toleration,
  taint: Pick<Taint, "key" | "value" | "effect">,
): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key !== "" && key !== taint.key) return false;
  switch (operator) {
    case "Exists":
      return true;
    case "Equal":
      return key !== "" && value === (taint.value ?? "");
    default:
      return false;
  }
}

export const toleratesAll = (
  tolerations: readonly Toleration[] | undefined,
  taints: readonly Taint[],
): boolean =>
  taints.every((taint) => (tolerations ?? []).some((each) => toleratesTaint(each, taint)));
