// The checks of level baseline on AppArmor, SELinux and seccomp (upstream: pod-security-admission/policy).
import {
  type AnyContext,
  badContexts,
  type Check,
  type CheckedPod,
  containersOf,
  plural,
  quoted,
  settersText,
  sorted,
} from "./check.ts";

const APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/";

/** Annotations, in which profiles stood before there were fields: `key="value"`, sorted. */
function forbiddenAnnotations({ metadata }: CheckedPod): string[] {
  const found: string[] = [];
  for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
    if (!key.startsWith(APP_ARMOR)) continue;
    if (value === "" || value === "runtime/default" || value.startsWith("localhost/")) continue;
    found.push(`${key}=${JSON.stringify(value)}`);
  }
  return found.sort();
}

export const appArmorProfile: Check = (pod) => {
  const values: string[] = [];
  const bad = badContexts(pod.spec, ({ appArmorProfile: profile }) => {
    const type: string = profile?.type ?? "RuntimeDefault";
    if (type === "RuntimeDefault" || type === "Localhost") return false;
    values.push(type);
    return true;
  });
  const annotations = forbiddenAnnotations(pod);
  const setters = [settersText(bad.pod, bad.containers)];
  if (annotations.length > 0) setters.push(plural(annotations.length, "annotation", "annotations"));
  const who = setters.filter((text) => text !== "").join(" and ");
  if (who === "") return undefined;
  const all = [...sorted(values), ...annotations];
  return {
    reason: plural(all.length, "forbidden AppArmor profile", "forbidden AppArmor profiles"),
    detail: `${who} must not set AppArmor profile type to ${quoted(all)}`,
  };
};

const SELINUX_TYPES = ["", "container_t", "container_init_t", "container_kvm_t"];

export function seLinuxOptions(more: readonly string[]): Check {
  const allowed = new Set([...SELINUX_TYPES, ...more]);
  return ({ spec }) => {
    const types: string[] = [];
    let user = false;
    let role = false;
    const { pod, containers } = badContexts(spec, ({ seLinuxOptions: options }) => {
      if (options === undefined) return false;
      const wrong = !allowed.has(options.type ?? "");
      if (wrong) types.push(options.type ?? "");
      user ||= Boolean(options.user);
      role ||= Boolean(options.role);
      return wrong || Boolean(options.user) || Boolean(options.role);
    });
    const who = settersText(pod, containers);
    if (who === "") return undefined;
    const given = sorted(types);
    const what =
      given.length > 0 ? [`${plural(given.length, "type", "types")} ${quoted(given)}`] : [];
    if (user) what.push("user may not be set");
    if (role) what.push("role may not be set");
    return {
      reason: "seLinuxOptions",
      detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join("; ")}`,
    };
  };
}

const SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/";

const isSafeAnnotation = (value: string): boolean =>
  value === "runtime/default" || value === "docker/default" || value.startsWith("localhost/");

/** Before 1.19 the profile stood in annotations. */
export const seccompAnnotations: Check = ({ metadata, spec }) => {
  const keys = [SECCOMP_POD, ...containersOf(spec).map(({ name }) => SECCOMP_CONTAINER + name)];
  const found = keys.flatMap((key) => {
    const value = metadata.annotations?.[key];
    return value === undefined || isSafeAnnotation(value)
      ? []
      : [`${key}=${JSON.stringify(value)}`];
  });
  if (found.length === 0) return undefined;
  const all = sorted(found);
  const what = plural(all.length, "annotation", "annotations");
  return { reason: "seccompProfile", detail: `forbidden ${what} ${all.join(", ")}` };
};

export const isSafeSeccomp = ({ seccompProfile }: AnyContext): boolean =>
  seccompProfile?.type === "Localhost" || seccompProfile?.type === "RuntimeDefault";

export const baselineSeccomp: Check = ({ spec }) => {
  const values: string[] = [];
  const { pod, containers } = badContexts(spec, (context) => {
    if (context.seccompProfile === undefined || isSafeSeccomp(context)) return false;
    values.push(context.seccompProfile.type);
    return true;
  });
  const who = settersText(pod, containers);
  if (who === "") return undefined;
  const what = quoted(sorted(values));
  return {
    reason: "seccompProfile",
    detail: `${who} must not set securityContext.seccompProfile.type to ${what}`,
  };
};
