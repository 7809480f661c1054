// What a namespace's Pods violate when it is to enforce a stricter level: warnings, no refusal.
import type { Pod } from "@coracle/shared/api/types/core-v1";
import type { Clock } from "@coracle/shared/runtime/clock";
import { evaluatePod, reasonText } from "./evaluate.ts";
import { type LevelVersion, shownPolicy } from "./policy.ts";

const CHECKED_MAX = 3000;
const CHECK_MS_MAX = 1000;

/** One Pod of each controller comes first, as the others look the same. */
function prioritized(pods: readonly Pod[]): Pod[] {
  const seen = new Set<string>();
  const first: Pod[] = [];
  const rest: Pod[] = [];
  for (const pod of pods) {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (owner !== undefined && seen.has(owner.uid)) rest.push(pod);
    else first.push(pod);
    if (owner !== undefined) seen.add(owner.uid);
  }
  return [...first, ...rest];
}

export function existingPodWarnings(
  namespace: string,
  pods: readonly Pod[],
  enforce: LevelVersion,
  clock: Clock,
): string[] {
  const deadline = clock.monotonic() + CHECK_MS_MAX;
  const names = new Map<string, string[]>();
  let checked = 0;
  for (const pod of prioritized(pods).slice(0, CHECKED_MAX)) {
    checked++;
    const violations = evaluatePod(enforce, pod);
    if (violations.length > 0) {
      const text = reasonText(violations);
      names.set(text, [...(names.get(text) ?? []), pod.metadata.name]);
    }
    if (clock.monotonic() > deadline) break;
  }
  const warnings: string[] = [];
  if (checked < pods.length) {
    const part = `the first ${checked} of ${pods.length} existing pods`;
    warnings.push(`new PodSecurity enforce level only checked against ${part}`);
  }
  if (names.size === 0) return warnings;
  const level = JSON.stringify(shownPolicy(enforce));
  const what = `existing pods in namespace ${JSON.stringify(namespace)} violate`;
  warnings.push(`${what} the new PodSecurity enforce level ${level}`);
  const lines = [...names].map(([text, group]) => `${shownGroup(group.sort())}: ${text}`);
  return [...warnings, ...lines.sort()];
}

function shownGroup([name, ...others]: readonly string[]): string {
  if (others.length === 0) return `${name}`;
  return others.length === 1
    ? `${name} (and 1 other pod)`
    : `${name} (and ${others.length} other pods)`;
}
