// PodSecurity: the levels that a namespace's labels enforce on its Pods or warn about (upstream: pod-security-admission).
// What creates Pods is only warned about. The audit level has no effect as long as there is no audit log.
import type { Namespace, Pod, PodSpec, PodTemplateSpec } from "@coracle/shared/api/types/core-v1";
import { forbidden, invalid } from "@coracle/shared/machinery/status-error";
import type { Clock } from "@coracle/shared/runtime/clock";
import type { ResourceTable } from "../../registry/resource-table.ts";
import type { AnyObject } from "../../registry/served-resource.ts";
import type { AdmissionPlugin, Attributes } from "../chain.ts";
import { ObjectLister } from "../object-lister.ts";
import type { CheckedPod } from "./check.ts";
import { detailText, evaluatePod } from "./evaluate.ts";
import { existingPodWarnings } from "./existing-pods.ts";
import {
  compareLevels,
  type Policy,
  policyOf,
  privilegedPolicy,
  samePolicy,
  shownPolicy,
} from "./policy.ts";

const IGNORED_SUBRESOURCES = new Set([
  "exec",
  "attach",
  "binding",
  "eviction",
  "log",
  "portforward",
  "proxy",
  "status",
]);

type Templated = { spec?: { template?: PodTemplateSpec }; template?: PodTemplateSpec };
type CronJob = { spec: { jobTemplate: { spec: { template: PodTemplateSpec } } } };
const specTemplate = (object: AnyObject) => (object as Templated).spec?.template;

/** By `<plural>[.<group>]`: where the template of Pods stands. */
const TEMPLATES: Readonly<Record<string, (object: AnyObject) => PodTemplateSpec | undefined>> = {
  podtemplates: (object) => (object as Templated).template,
  replicationcontrollers: specTemplate,
  "replicasets.apps": specTemplate,
  "deployments.apps": specTemplate,
  "statefulsets.apps": specTemplate,
  "daemonsets.apps": specTemplate,
  "jobs.batch": specTemplate,
  "cronjobs.batch": (object) => (object as unknown as CronJob).spec.jobTemplate.spec.template,
};

export function podSecurity(resources: ResourceTable, clock: Clock): AdmissionPlugin {
  const namespaces = resources.named("namespaces");
  const pods = new ObjectLister<Pod>(resources.named("pods"));
  const policies = new WeakMap<object, Policy>();

  /** Read off the labels once for each revision of the namespace. */
  function policyFor(namespace: string): Policy {
    const labels = namespaces.cache.get("", namespace)?.labels;
    if (labels === undefined) return privilegedPolicy;
    let policy = policies.get(labels);
    if (policy === undefined) {
      ({ policy } = policyOf(labels));
      policies.set(labels, policy);
    }
    return policy;
  }

  return {
    name: "PodSecurity",
    validate(attributes) {
      const { operation, resource, subresource, namespace } = attributes;
      if (operation !== "CREATE" && operation !== "UPDATE") return;
      const { kind, group } = resource;
      if (kind === "Pod" && group === "") {
        if (IGNORED_SUBRESOURCES.has(subresource)) return;
        validatePod(attributes, policyFor(namespace));
      } else if (kind === "Namespace" && group === "") {
        if (subresource === "") validateNamespace(attributes, pods, clock);
      } else if (subresource === "") {
        const name = group === "" ? resource.resource : `${resource.resource}.${group}`;
        const template = TEMPLATES[name]?.(attributes.object as AnyObject);
        if (template !== undefined) warn(attributes, policyFor(namespace), template);
      }
    },
  };
}

function validatePod(attributes: Attributes, policy: Policy): void {
  if (Object.values(policy).every(({ level }) => level === "privileged")) return;
  const { operation, object, old, resource, name } = attributes;
  const pod = object as unknown as Pod;
  if (operation === "UPDATE" && !isSignificant(pod.spec, (old as unknown as Pod).spec)) return;
  const violations = evaluatePod(policy.enforce, pod);
  if (violations.length > 0) {
    const what = `violates PodSecurity "${shownPolicy(policy.enforce)}"`;
    throw forbidden(resource, name, `${what}: ${detailText(violations)}`);
  }
  warn(attributes, policy, pod);
}

function warn({ warnings }: Attributes, policy: Policy, template: PodTemplateSpec | Pod): void {
  const { metadata = {}, spec } = template;
  if (policy.warn.level === "privileged" || spec === undefined) return;
  const violations = evaluatePod(policy.warn, { metadata, spec } as CheckedPod);
  if (violations.length === 0) return;
  const what = `would violate PodSecurity "${shownPolicy(policy.warn)}"`;
  warnings.push(`${what}: ${detailText(violations)}`);
}

/** Of what the checks look at, only images and the ephemeral containers change. */
function isSignificant(spec: PodSpec, old: PodSpec): boolean {
  for (const member of ["containers", "initContainers"] as const) {
    const list = spec[member] ?? [];
    const before = old[member] ?? [];
    if (list.length !== before.length) return true;
    if (list.some(({ image }, i) => image !== before[i]?.image)) return true;
  }
  return (spec.ephemeralContainers ?? []).some(({ name, image }) => {
    const same = old.ephemeralContainers?.find((container) => container.name === name);
    return same === undefined || same.image !== image;
  });
}

function validateNamespace(attributes: Attributes, pods: ObjectLister<Pod>, clock: Clock): void {
  const { operation, object, old, resource, name, warnings } = attributes;
  const { metadata } = object as unknown as Namespace;
  const { policy, errors } = policyOf(metadata.labels);
  const before = policyOf(old?.metadata.labels);
  if (errors.length > 0) {
    const known =
      operation === "UPDATE" && JSON.stringify(errors) === JSON.stringify(before.errors);
    if (!known) throw invalid(resource, name, errors);
  }
  if (operation !== "UPDATE") return;
  const { enforce } = policy;
  const was = before.policy.enforce;
  if (samePolicy(enforce, was) || enforce.level === "privileged") return;
  if (enforce.minor === was.minor && compareLevels(enforce.level, was.level) < 1) return;
  warnings.push(...existingPodWarnings(metadata.name, pods.list(metadata.name), enforce, clock));
}
