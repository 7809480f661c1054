// The labels of a namespace as a policy (upstream: pod-security-admission/api).
import { invalidValue } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";

const LEVELS = ["privileged", "baseline", "restricted"] as const;
export type Level = (typeof LEVELS)[number];

/** A level as a certain minor version of Kubernetes 1 had it; Infinity = the latest. */
export interface LevelVersion {
  readonly level: Level;
  readonly minor: number;
}

export interface Policy {
  enforce: LevelVersion;
  audit: LevelVersion;
  warn: LevelVersion;
}

export const POLICY_PREFIX = "pod-security.kubernetes.io/";
const LATEST = Number.POSITIVE_INFINITY;
const privileged: LevelVersion = { level: "privileged", minor: LATEST };
export const privilegedPolicy: Policy = {
  enforce: privileged,
  audit: privileged,
  warn: privileged,
};

/** `baseline:latest`, `restricted:v1.25` */
export const shownPolicy = ({ level, minor }: LevelVersion): string =>
  `${level}:${minor === LATEST ? "latest" : `v1.${minor}`}`;

export const samePolicy = (a: LevelVersion, b: LevelVersion): boolean =>
  a.level === b.level && a.minor === b.minor;

/** Positive when `a` is the stricter one. */
export const compareLevels = (a: Level, b: Level): number => LEVELS.indexOf(a) - LEVELS.indexOf(b);

const isLevel = (text: string): text is Level => LEVELS.includes(text as Level);

/** Undefined when it is none. */
function minorOf(text: string): number | undefined {
  if (text === "latest") return LATEST;
  const match = /^v1\.(0|[1-9][0-9]*)$/.exec(text);
  return match === null ? undefined : Number(match[1]);
}

type Labels = Readonly<Record<string, string>>;

/** There is always a policy, even where labels are wrong: those are then as strict as can be, except for mere warnings. */
export function policyOf(labels: Labels | undefined): { policy: Policy; errors: FieldError[] } {
  const errors: FieldError[] = [];
  if (labels === undefined) return { policy: privilegedPolicy, errors };
  const invalid = (label: string, value: string, detail: string) =>
    errors.push(invalidValue(`metadata.labels[${label}]`, value, detail));
  const read = (mode: keyof Policy): LevelVersion => {
    let level: Level = "privileged";
    let minor = LATEST;
    const given = labels[POLICY_PREFIX + mode];
    if (given !== undefined) {
      if (isLevel(given)) level = given;
      else {
        invalid(POLICY_PREFIX + mode, given, `must be one of ${LEVELS.join(", ")}`);
        level = mode === "enforce" ? "restricted" : "privileged";
      }
    }
    const version = labels[`${POLICY_PREFIX}${mode}-version`];
    if (version !== undefined) {
      const parsed = minorOf(version);
      if (parsed !== undefined) minor = parsed;
      else invalid(`${POLICY_PREFIX}${mode}-version`, version, 'must be "latest" or "v1.x"');
    }
    return { level, minor };
  };
  const enforce = read("enforce");
  const audit = read("audit");
  const warn = warnOf(labels, enforce, read("warn"));
  return { policy: { enforce, audit, warn }, errors };
}

/** Unless told otherwise, who enforces a level is warned by it as well: of what creates Pods, only warnings are given. */
function warnOf(labels: Labels, enforce: LevelVersion, warn: LevelVersion): LevelVersion {
  if (labels[`${POLICY_PREFIX}warn`] !== undefined) return warn;
  if (!isLevel(labels[`${POLICY_PREFIX}enforce`] ?? "")) return warn;
  if (compareLevels(enforce.level, warn.level) <= 0) return warn;
  const own = labels[`${POLICY_PREFIX}warn-version`] !== undefined;
  return { level: enforce.level, minor: own ? warn.minor : enforce.minor };
}
