// POST pods/<name>/binding and POST bindings: the scheduler's decision. The whole Pod goes to one node, once.
import type { Binding, Pod } from "@coracle/shared/api/types/core-v1";
import { decodeObject } from "../encoding/decode.ts";
import type { AnyObject, ServedResource } from "../registry/served-resource.ts";
import type { UpdateStrategy } from "../registry/strategy.ts";
import { applyBinding, validateBinding } from "../resources/core/pod/binding.ts";
import type { ApiRequest, Reply } from "./api-request.ts";
import { writeOptions } from "./options.ts";
import { respondValue } from "./respond.ts";
import type { WriteDependencies } from "./write-context.ts";

const BINDING = { group: "", version: "v1", kind: "Binding" };

/** What binding changes is checked by applyBinding; the rest of the Pod stays as it is. */
const asBound: UpdateStrategy<AnyObject> = {
  prepareForUpdate: () => {},
  validateUpdate: () => [],
};

/** Labels of a node that its Pods get, so that they can be found by them (upstream: PodTopologyLabels admission). */
const TOPOLOGY_LABELS = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

export async function bindPod(
  request: ApiRequest,
  { pods, nodes }: { pods: ServedResource; nodes: ServedResource },
  { registry, clock }: WriteDependencies,
): Promise<Reply> {
  const options = writeOptions(request.query, "CreateOptions");
  const decoded = decodeObject(
    request.body,
    request.headers["content-type"],
    BINDING,
    options.fieldValidation,
  );
  const binding = decoded.object as unknown as Binding;
  const name = request.info.name === "" ? (binding.metadata?.name ?? "") : request.info.name;
  const refusal = validateBinding(binding, name);
  if (refusal !== undefined) throw refusal;
  addTopologyLabels(binding, nodes);
  const target = {
    resource: pods,
    namespace: request.info.namespace,
    name,
    subresource: "binding",
  };
  await registry.update(
    target,
    (current) => {
      const { object: live } = current ?? registry.current(target);
      const { metadata, spec, status } = live as unknown as Pod;
      // What a binding changes lies this deep.
      const pod = { ...live, metadata: { ...metadata }, spec: { ...spec }, status: { ...status } };
      applyBinding(pod as unknown as Pod, binding, clock.now());
      return pod;
    },
    { user: request.user, dryRun: options.dryRun },
    asBound,
  );
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
  return respondValue(request, status, 201);
}

function addTopologyLabels(binding: Binding, nodes: ServedResource): void {
  const known = nodes.cache.get("", binding.target.name ?? "")?.labels ?? {};
  const labels = TOPOLOGY_LABELS.filter((key) => key in known).map((key) => [key, known[key]]);
  if (labels.length === 0 || binding.metadata === undefined) return;
  binding.metadata.labels = { ...Object.fromEntries(labels), ...binding.metadata.labels };
}
