import type { Node } from "@coracle/shared/api/types/core-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { cidrWarnings } from "../cidr.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { validateNode, validateNodeChange } from "./node-validation.ts";
import { storeResourceList } from "./pod/resource-lists.ts";

const NOT_READY = "node.kubernetes.io/not-ready";
const ROLE_PREFIX = "node-role.kubernetes.io/";
const ROLE_LABEL = "kubernetes.io/role";

/** podCIDR is the older field and the first of podCIDRs; a client may send either. */
function mirrorPodCidrs({ spec }: Node): void {
  const first = spec.podCIDRs?.[0];
  if (spec.podCIDR && first !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  else if (first !== undefined) spec.podCIDR = first;
}

function setDefaults(node: Node): void {
  node.spec ??= {};
  node.status ??= {};
  mirrorPodCidrs(node);
  const { status } = node;
  storeResourceList(status.capacity);
  if (status.allocatable === undefined && status.capacity !== undefined) {
    status.allocatable = { ...status.capacity };
  } else storeResourceList(status.allocatable);
}

/** Upstream's admission plugin TaintNodesByCondition: no Pod comes to a new node before it is ready. */
export function addNotReadyTaint({ spec }: Node): void {
  const there = spec.taints?.some(
    ({ key, effect }) => key === NOT_READY && effect === "NoSchedule",
  );
  if (there !== true) {
    spec.taints = [...(spec.taints ?? []), { key: NOT_READY, effect: "NoSchedule" }];
  }
}

function warnings({ spec }: Node): string[] {
  const texts: string[] = [];
  if (spec.configSource !== undefined) texts.push("spec.configSource: the feature is removed");
  if (spec.externalID) {
    texts.push("spec.externalID: this field is deprecated, and is unused by Kubernetes");
  }
  for (const [i, cidr] of (spec.podCIDRs ?? []).entries()) {
    texts.push(...cidrWarnings(`spec.podCIDRs[${i}]`, cidr));
  }
  return texts;
}

function statusCell({ spec, status }: Node): string {
  const ready = status.conditions?.findLast(({ type }) => type === "Ready");
  let text = "Unknown";
  if (ready !== undefined) text = ready.status === "True" ? "Ready" : "NotReady";
  return spec.unschedulable ? `${text},SchedulingDisabled` : text;
}

function rolesCell({ metadata }: Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX)) {
      if (key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length));
    } else if (key === ROLE_LABEL && value !== "") roles.add(value);
  }
  return roles.size === 0 ? "<none>" : [...roles].sort().join(",");
}

function cells(node: Node, now: number): unknown[] {
  const info = node.status.nodeInfo;
  const address = (wanted: string) =>
    node.status.addresses?.find(({ type }) => type === wanted)?.address ?? "<none>";
  const architecture = info?.architecture ? ` (${info.architecture})` : "";
  return [
    node.metadata.name,
    statusCell(node),
    rolesCell(node),
    age(node.metadata.creationTimestamp, now),
    info?.kubeletVersion ?? "",
    address("InternalIP"),
    address("ExternalIP"),
    info?.osImage || "<unknown>",
    (info?.kernelVersion || "<unknown>") + architecture,
    info?.containerRuntimeVersion || "<unknown>",
  ];
}

export const nodeBehaviour: ResourceBehaviour<Node> = {
  storagePrefix: "minions",
  setDefaults,
  validateName: isDns1123Subdomain,
  selectableFields: ({ spec }) => ({ "spec.unschedulable": String(spec.unschedulable ?? false) }),
  strategy: {
    prepareForCreate(node) {
      delete node.spec.configSource;
      delete node.status.config;
      addNotReadyTaint(node);
    },
    validate: validateNode,
    warningsOnCreate: warnings,
    prepareForUpdate(node, old) {
      node.status = old.status;
      if (old.spec.configSource === undefined) delete node.spec.configSource;
    },
    validateUpdate: (node, old) => [
      ...repeatObjectMeta(node.metadata, false, isDns1123Subdomain),
      ...validateNode(node),
      ...repeatMetadataUpdate(node.metadata, old.metadata),
      ...validateNodeChange(node, old),
    ],
    warningsOnUpdate: warnings,
  },
  statusStrategy: {
    prepareForUpdate(node, old) {
      node.spec = old.spec;
      if (old.status.config === undefined) delete node.status.config;
    },
    validateUpdate: (node, old) => [
      ...repeatMetadataUpdate(node.metadata, old.metadata),
      ...validateNodeChange(node, old),
    ],
  },
  cells,
};
