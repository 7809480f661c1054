// status.conditions: one entry a type, whose lastTransitionTime moves only when the status does.

/** What the conditions of all kinds have in common. */
export interface ConditionLike {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string | null;
}

export function findCondition<C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export const isConditionTrue = (
  conditions: readonly ConditionLike[] | undefined,
  type: string,
): boolean => findCondition(conditions, type)?.status === "True";

/**
 * A new list with `condition` in place of the one of its type (or at the end). While the status stays, the old
 * lastTransitionTime stays.
 */
export function withCondition<C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  condition: C,
): C[] {
  const list = [...(conditions ?? [])];
  const at = list.findIndex((existing) => existing.type === condition.type);
  const old = list[at];
  if (old === undefined) return [...list, condition];
  const kept =
    old.status === condition.status && old.lastTransitionTime !== undefined
      ? { ...condition, lastTransitionTime: old.lastTransitionTime }
      : condition;
  list[at] = kept;
  return list;
}

export const withoutCondition = <C extends ConditionLike>(
  conditions: readonly C[] | undefined,
  type: string,
): C[] => (conditions ?? []).filter((condition) => condition.type !== type);
