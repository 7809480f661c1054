// The checks of level baseline, but those on profiles (upstream: pod-security-admission/policy).
import type { LifecycleHandler, Probe } from "@coracle/shared/api/types/core-v1";
import {
  badContexts,
  type Check,
  containersOf,
  containersText,
  plural,
  quoted,
  settersText,
  sorted,
} from "./check.ts";

const DEFAULT_CAPABILITIES = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

export const baselineCapabilities: Check = ({ spec }) => {
  const added: string[] = [];
  const bad = containersOf(spec).filter(({ securityContext }) => {
    const wrong = (securityContext?.capabilities?.add ?? []).filter(
      (capability) => !DEFAULT_CAPABILITIES.has(capability),
    );
    added.push(...wrong);
    return wrong.length > 0;
  });
  if (bad.length === 0) return undefined;
  const who = containersText(bad.map(({ name }) => name));
  const what = quoted(sorted(added));
  return {
    reason: "non-default capabilities",
    detail: `${who} must not include ${what} in securityContext.capabilities.add`,
  };
};

export const hostNamespaces: Check = ({ spec }) => {
  const shared = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((name) => spec[name]);
  if (shared.length === 0) return undefined;
  return {
    reason: "host namespaces",
    detail: shared.map((name) => `${name}=true`).join(", "),
  };
};

export const hostPathVolumes: Check = ({ spec }) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  if (names.length === 0) return undefined;
  return {
    reason: "hostPath volumes",
    detail: `${plural(names.length, "volume", "volumes")} ${quoted(names)}`,
  };
};

export const hostPorts: Check = ({ spec }) => {
  const ports: string[] = [];
  const bad = containersOf(spec).filter((container) => {
    const used = (container.ports ?? []).filter(({ hostPort }) => (hostPort ?? 0) !== 0);
    ports.push(...used.map(({ hostPort }) => String(hostPort)));
    return used.length > 0;
  });
  if (bad.length === 0) return undefined;
  const given = sorted(ports);
  const who = containersText(bad.map(({ name }) => name));
  const what = `${plural(given.length, "hostPort", "hostPorts")} ${given.join(", ")}`;
  return { reason: "hostPort", detail: `${who} ${plural(bad.length, "uses", "use")} ${what}` };
};

const hostsOf = (handler: Probe | LifecycleHandler | undefined): string[] =>
  [handler?.httpGet?.host, handler?.tcpSocket?.host].filter((host): host is string =>
    Boolean(host),
  );

/** A probe of another host would make the kubelet reach what the Pod cannot. */
export const handlerHosts: Check = ({ spec }) => {
  const hosts: string[] = [];
  const bad: string[] = [];
  for (const container of containersOf(spec)) {
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
    const handlers = [
      livenessProbe,
      readinessProbe,
      startupProbe,
      lifecycle?.postStart,
      lifecycle?.preStop,
    ];
    const found = handlers.flatMap(hostsOf);
    if (found.length > 0) bad.push(container.name);
    hosts.push(...found);
  }
  if (bad.length === 0) return undefined;
  const names = sorted(bad);
  const given = sorted(hosts);
  const what = plural(given.length, "probe or lifecycle host", "probe or lifecycle hosts");
  const use = plural(names.length, "uses", "use");
  return {
    reason: "probe or lifecycle host",
    detail: `${containersText(names)} ${use} ${what} ${quoted(given)}`,
  };
};

export const privileged: Check = ({ spec }) => {
  const names = containersOf(spec)
    .filter(({ securityContext }) => securityContext?.privileged === true)
    .map(({ name }) => name);
  if (names.length === 0) return undefined;
  const detail = `${containersText(names)} must not set securityContext.privileged=true`;
  return { reason: "privileged", detail };
};

export const procMount: Check = ({ spec }) => {
  const bad = containersOf(spec).filter(
    ({ securityContext }) => (securityContext?.procMount ?? "Default") !== "Default",
  );
  if (bad.length === 0) return undefined;
  const who = containersText(bad.map(({ name }) => name));
  const what = quoted(sorted(bad.map(({ securityContext }) => `${securityContext?.procMount}`)));
  return {
    reason: "procMount",
    detail: `${who} must not set securityContext.procMount to ${what}`,
  };
};

const SYSCTLS: readonly (readonly [minor: number, names: readonly string[]])[] = [
  [
    0,
    [
      "kernel.shm_rmid_forced",
      "net.ipv4.ip_local_port_range",
      "net.ipv4.tcp_syncookies",
      "net.ipv4.ping_group_range",
      "net.ipv4.ip_unprivileged_port_start",
    ],
  ],
  [27, ["net.ipv4.ip_local_reserved_ports"]],
  [
    29,
    [
      "net.ipv4.tcp_keepalive_time",
      "net.ipv4.tcp_fin_timeout",
      "net.ipv4.tcp_keepalive_intvl",
      "net.ipv4.tcp_keepalive_probes",
    ],
  ],
  [32, ["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"]],
];

/** Those that were safe in 1.`minor`. */
export function sysctls(minor: number): Check {
  const safe = new Set(SYSCTLS.flatMap(([since, names]) => (since <= minor ? names : [])));
  return ({ spec }) => {
    const given = (spec.securityContext?.sysctls ?? []).map(({ name }) => name);
    const unsafe = given.filter((name) => !safe.has(name));
    return unsafe.length === 0
      ? undefined
      : { reason: "forbidden sysctls", detail: unsafe.join(", ") };
  };
}

export const windowsHostProcess: Check = ({ spec }) => {
  const { pod, containers } = badContexts(
    spec,
    ({ windowsOptions }) => windowsOptions?.hostProcess === true,
  );
  const who = settersText(pod, containers);
  if (who === "") return undefined;
  const detail = `${who} must not set securityContext.windowsOptions.hostProcess=true`;
  return { reason: "hostProcess", detail };
};
