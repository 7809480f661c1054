// Which checks a level consists of in each version, and what a Pod violates (upstream: pod-security-admission/policy
// registry.go).
import {
  baselineCapabilities,
  handlerHosts,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  privileged,
  procMount,
  sysctls,
  windowsHostProcess,
} from "./baseline-checks.ts";
import { type Check, type CheckedPod, hasOwnUsers, isWindows, type Violation } from "./check.ts";
import type { LevelVersion } from "./policy.ts";
import {
  appArmorProfile,
  baselineSeccomp,
  seccompAnnotations,
  seLinuxOptions,
} from "./profile-checks.ts";
import {
  allowPrivilegeEscalation,
  restrictedCapabilities,
  restrictedSeccomp,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
} from "./restricted-checks.ts";

interface CheckHistory {
  /** By the minor version in which each form began, rising. */
  versions: readonly (readonly [since: number, check: Check])[];
  /** The check of baseline that this one replaces at level restricted. */
  overrides?: string;
}

const unlessWindows =
  (check: Check): Check =>
  (pod) =>
    isWindows(pod) ? undefined : check(pod);
const unlessOwnUsers =
  (check: Check): Check =>
  (pod) =>
    hasOwnUsers(pod) ? undefined : check(pod);

/** Both tables are in the order in which violations are told: by id. */
const baseline: Readonly<Record<string, CheckHistory>> = {
  appArmorProfile: { versions: [[0, appArmorProfile]] },
  capabilities_baseline: { versions: [[0, baselineCapabilities]] },
  hostNamespaces: { versions: [[0, hostNamespaces]] },
  hostPathVolumes: { versions: [[0, hostPathVolumes]] },
  hostPorts: { versions: [[0, hostPorts]] },
  hostProbesAndHostLifecycle: { versions: [[34, handlerHosts]] },
  privileged: { versions: [[0, privileged]] },
  procMount: {
    versions: [
      [0, procMount],
      [35, unlessOwnUsers(procMount)],
    ],
  },
  seLinuxOptions: {
    versions: [
      [0, seLinuxOptions([])],
      [31, seLinuxOptions(["container_engine_t"])],
    ],
  },
  seccompProfile_baseline: {
    versions: [
      [0, seccompAnnotations],
      [19, baselineSeccomp],
    ],
  },
  sysctls: { versions: [0, 27, 29, 32].map((minor) => [minor, sysctls(minor)] as const) },
  windowsHostProcess: { versions: [[0, windowsHostProcess]] },
};

const restricted: Readonly<Record<string, CheckHistory>> = {
  allowPrivilegeEscalation: {
    versions: [
      [8, allowPrivilegeEscalation],
      [25, unlessWindows(allowPrivilegeEscalation)],
    ],
  },
  capabilities_restricted: {
    versions: [
      [22, restrictedCapabilities],
      [25, unlessWindows(restrictedCapabilities)],
    ],
    overrides: "capabilities_baseline",
  },
  procMount_restricted: { versions: [[35, procMount]], overrides: "procMount" },
  restrictedVolumes: { versions: [[0, restrictedVolumes]], overrides: "hostPathVolumes" },
  runAsNonRoot: {
    versions: [
      [0, runAsNonRoot],
      [35, unlessOwnUsers(runAsNonRoot)],
    ],
  },
  runAsUser: {
    versions: [
      [23, runAsUser],
      [35, unlessOwnUsers(runAsUser)],
    ],
  },
  seccompProfile_restricted: {
    versions: [
      [19, restrictedSeccomp],
      [25, unlessWindows(restrictedSeccomp)],
    ],
    overrides: "seccompProfile_baseline",
  },
};

const inForce = ({ versions }: CheckHistory, minor: number): Check | undefined =>
  versions.findLast(([since]) => since <= minor)?.[1];

function checksOf({ level, minor }: LevelVersion): Check[] {
  if (level === "privileged") return [];
  const overridden = new Set<string>();
  const strict: Check[] = [];
  if (level === "restricted") {
    for (const history of Object.values(restricted)) {
      const check = inForce(history, minor);
      if (check === undefined) continue;
      strict.push(check);
      if (history.overrides !== undefined) overridden.add(history.overrides);
    }
  }
  const basic = Object.entries(baseline).flatMap(([id, history]) => {
    const check = overridden.has(id) ? undefined : inForce(history, minor);
    return check === undefined ? [] : [check];
  });
  return [...basic, ...strict];
}

/** What the Pod violates, in upstream's order. */
export function evaluatePod(policy: LevelVersion, pod: CheckedPod): Violation[] {
  return checksOf(policy)
    .map((check) => check(pod))
    .filter((violation) => violation !== undefined);
}

/** For one object: `privileged (container "a" must not …), hostPort (…)` */
export const detailText = (violations: readonly Violation[]): string =>
  violations
    .map(({ reason, detail }) => (detail === "" ? reason : `${reason} (${detail})`))
    .join(", ");

/** For a count of objects: `privileged, hostPort` */
export const reasonText = (violations: readonly Violation[]): string =>
  violations.map(({ reason }) => reason).join(", ");
