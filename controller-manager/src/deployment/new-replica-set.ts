// The ReplicaSet for a template that has none yet. Its name follows from the template, so that
// creating it twice is harmless.
import { apiVersionOf, type Draft, resources } from "@coracle/shared/api/resources";
import type { Deployment, ReplicaSet } from "@coracle/shared/api/types/apps-v1";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import { controllerReference } from "@coracle/shared/machinery/owner-references";
import { currentAnnotations, maxRevision, sizeAnnotations } from "./revision.ts";
import { TEMPLATE_HASH_LABEL, templateHash } from "./template-hash.ts";

const NAME_LENGTH_MAX = 253;

export function newReplicaSet(
  deployment: Deployment,
  old: readonly ReplicaSet[],
  replicas: number,
): Draft<ReplicaSet> {
  const { metadata, spec, status } = deployment;
  const hash = templateHash(spec.template, status?.collisionCount);
  const labels = { ...spec.template.metadata?.labels, [TEMPLATE_HASH_LABEL]: hash };
  const row = resources["deployments.apps"];
  return {
    kind: "ReplicaSet",
    apiVersion: "apps/v1",
    metadata: {
      name: `${metadata.name.slice(0, NAME_LENGTH_MAX - 1 - hash.length)}-${hash}`,
      namespace: metadata.namespace,
      labels,
      annotations: {
        ...currentAnnotations(deployment, undefined, maxRevision(old)),
        ...sizeAnnotations(deployment),
      },
      ownerReferences: [controllerReference(deployment, apiVersionOf(row), row.kind)],
    },
    spec: {
      replicas,
      minReadySeconds: spec.minReadySeconds,
      selector: {
        ...spec.selector,
        matchLabels: { ...spec.selector.matchLabels, [TEMPLATE_HASH_LABEL]: hash },
      },
      template: {
        ...spec.template,
        metadata: { ...spec.template.metadata, labels } as ObjectMeta,
      },
    },
  };
}
