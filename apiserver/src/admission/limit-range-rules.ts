// The rules of one LimitRange, with upstream's words (upstream: plugin/pkg/admission/limitranger).

import type {
  Container,
  LimitRange,
  LimitRangeItem,
  PersistentVolumeClaim,
  Pod,
} from "@coracle/shared/api/types/core-v1";
import { ownValue } from "@coracle/shared/machinery/own-value";
import { milliValue, value } from "@coracle/shared/machinery/quantity";
import { MILLI_COMPARABLE_MAX } from "../resources/core/limitrange-validation.ts";
import { containerSums } from "../resources/core/pod/container-sums.ts";
import type { ResourceList } from "../resources/core/pod/resource-lists.ts";

const ANNOTATION = "kubernetes.io/limit-ranger";

/** Gives every container what it does not ask for itself, and says so in an annotation. Mutates. */
export function setDefaultResources({ spec }: LimitRange, pod: Pod): void {
  const requests: ResourceList = {};
  const limits: ResourceList = {};
  for (const item of spec.limits ?? []) {
    if (item.type !== "Container") continue;
    Object.assign(requests, item.defaultRequest);
    Object.assign(limits, item.default);
  }
  const set: string[] = [];
  const complete = (what: string) => (container: Container) =>
    withDefaults(container, what, requests, limits, set);
  const containers = (pod.spec.containers ?? []).map(complete("container"));
  const initContainers = pod.spec.initContainers?.map(complete("init container"));
  if (set.length === 0) return;
  // On a resize, parts of the Pod are the stored object's: they are replaced, not changed.
  pod.spec = { ...pod.spec, containers };
  if (initContainers !== undefined) pod.spec.initContainers = initContainers;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${set.join("; ")}`,
  };
}

function withDefaults(
  container: Container,
  what: string,
  requests: ResourceList,
  limits: ResourceList,
  set: string[],
): Container {
  const resources = { ...container.resources };
  const fill = (member: "requests" | "limits", defaults: ResourceList) => {
    const given = resources[member];
    const missing = Object.keys(defaults).filter((name) => ownValue(given, name) === undefined);
    if (missing.length === 0) return;
    const added = Object.fromEntries(missing.map((name) => [name, defaults[name] as string]));
    resources[member] = { ...given, ...added };
    set.push(`${missing.sort().join(", ")} ${member.slice(0, -1)} for ${what} ${container.name}`);
  };
  fill("requests", requests);
  fill("limits", limits);
  return { ...container, resources };
}

/** In thousandths where that fits. */
function comparable(...quantities: (string | undefined)[]): number[] {
  const given = quantities.map((quantity) => quantity ?? "0");
  const fine = given.every((quantity) => value(quantity) <= MILLI_COMPARABLE_MAX);
  return given.map((quantity) => (fine ? milliValue(quantity) : value(quantity)));
}

interface Usage {
  requests: ResourceList | undefined;
  limits: ResourceList | undefined;
}

function minFinding(type: string, name: string, min: string, usage: Usage): string | undefined {
  const request = ownValue(usage.requests, name);
  const limit = ownValue(usage.limits, name);
  const [asked = 0, allowed = 0, least = 0] = comparable(request, limit, min);
  const rule = `minimum ${name} usage per ${type} is ${min}`;
  if (request === undefined) return `${rule}.  No request is specified`;
  if (asked < least) return `${rule}, but request is ${request}`;
  if (limit !== undefined && allowed < least) return `${rule}, but limit is ${limit}`;
  return undefined;
}

function maxFinding(type: string, name: string, max: string, usage: Usage): string | undefined {
  const request = ownValue(usage.requests, name);
  const limit = ownValue(usage.limits, name);
  const [asked = 0, allowed = 0, most = 0] = comparable(request, limit, max);
  const rule = `maximum ${name} usage per ${type} is ${max}`;
  if (limit === undefined) return `${rule}.  No limit is specified`;
  if (allowed > most) return `${rule}, but limit is ${limit}`;
  if (request !== undefined && asked > most) return `${rule}, but request is ${request}`;
  return undefined;
}

/** For what has requests only. */
function maxRequestFinding(
  type: string,
  name: string,
  max: string,
  { requests }: Usage,
): string | undefined {
  const request = ownValue(requests, name);
  const [asked = 0, most = 0] = comparable(request, max);
  const rule = `maximum ${name} usage per ${type} is ${max}`;
  if (request === undefined) return `${rule}.  No request is specified`;
  return asked > most ? `${rule}, but request is ${request}` : undefined;
}

function ratioFinding(type: string, name: string, ratio: string, usage: Usage): string | undefined {
  const [asked = 0, allowed = 0] = comparable(
    ownValue(usage.requests, name),
    ownValue(usage.limits, name),
    ratio,
  );
  const rule = `${name} max limit to request ratio per ${type} is ${ratio}`;
  if (asked === 0) return `${rule}, but no request is specified or request is 0`;
  if (allowed === 0) return `${rule}, but no limit is specified or limit is 0`;
  const observed = allowed / asked;
  const fine = value(ratio) <= MILLI_COMPARABLE_MAX;
  const exceeds = fine ? observed * 1000 > milliValue(ratio) : observed > value(ratio);
  return exceeds ? `${rule}, but provided ratio is ${observed.toFixed(6)}` : undefined;
}

type Finding = typeof minFinding;

function collect(
  findings: string[],
  list: ResourceList | undefined,
  type: string,
  usage: Usage,
  rule: Finding,
): void {
  for (const name in list) {
    const finding = rule(type, name, list[name] as string, usage);
    if (finding !== undefined) findings.push(finding);
  }
}

function judge(findings: string[], item: LimitRangeItem, usage: Usage): void {
  collect(findings, item.min, item.type, usage, minFinding);
  collect(findings, item.max, item.type, usage, maxFinding);
  collect(findings, item.maxLimitRequestRatio, item.type, usage, ratioFinding);
}

export function podFindings(range: LimitRange, { spec }: Pod): string[] {
  const findings: string[] = [];
  for (const item of range.spec.limits ?? []) {
    if (item.type === "Container") {
      for (const { resources } of [...spec.containers, ...(spec.initContainers ?? [])]) {
        judge(findings, item, { requests: resources?.requests, limits: resources?.limits });
      }
    } else if (item.type === "Pod") {
      judge(findings, item, { requests: sums(spec, "requests"), limits: sums(spec, "limits") });
    }
  }
  return findings;
}

/** What the Pod itself asks for replaces the sum of its containers. */
function sums(spec: Pod["spec"], side: "requests" | "limits"): ResourceList {
  const result = containerSums(spec, side);
  const own = spec.resources?.[side];
  for (const name of ["cpu", "memory"]) if (own?.[name] !== undefined) result[name] = own[name];
  return result;
}

export function claimFindings(range: LimitRange, { spec }: PersistentVolumeClaim): string[] {
  const findings: string[] = [];
  const usage = { requests: spec.resources?.requests, limits: undefined };
  for (const item of range.spec.limits ?? []) {
    if (item.type !== "PersistentVolumeClaim") continue;
    collect(findings, item.min, item.type, usage, minFinding);
    collect(findings, item.max, item.type, usage, maxRequestFinding);
  }
  return findings;
}
