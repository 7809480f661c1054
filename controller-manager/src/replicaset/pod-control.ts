// Creates and deletes the Pods of an owner, with the events that tell of it.
import type { Draft, KubernetesObject } from "@coracle/shared/api/resources";
import type { Pod, PodTemplateSpec } from "@coracle/shared/api/types/core-v1";
import type { OwnerReference } from "@coracle/shared/api/types/meta-v1";
import type { ControllerContext } from "@coracle/shared/controller/controller";
import type { EventSubject } from "@coracle/shared/controller/event-recorder";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { isNamespaceTerminating } from "../namespace/terminating-cause.ts";

const NAME_LENGTH_MAX = 253;

/** A Pod of the template; the server completes its name. */
export function podOf(
  template: PodTemplateSpec,
  owner: KubernetesObject,
  reference: OwnerReference,
): Draft<Pod> {
  const { name, namespace } = owner.metadata;
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    kind: "Pod",
    apiVersion: "v1",
    metadata: {
      generateName: name.length < NAME_LENGTH_MAX ? `${name}-` : name,
      namespace,
      labels,
      annotations,
      finalizers,
      ownerReferences: [reference],
    },
    spec: template.spec as Pod["spec"],
  };
}

export async function createPod(
  pod: Draft<Pod>,
  owner: KubernetesObject,
  { client, recorder, logger }: ControllerContext,
): Promise<void> {
  const subject = owner as EventSubject;
  try {
    const { metadata } = await client.for("pods").create(pod);
    logger.info({ object: `pod ${metadata.namespace}/${metadata.name}` }, "created pod");
    recorder.event(subject, "Normal", "SuccessfulCreate", `Created pod: ${metadata.name}`);
  } catch (error) {
    if (!isNamespaceTerminating(error)) {
      const { message } = error as Error;
      recorder.event(subject, "Warning", "FailedCreate", `Error creating: ${message}`);
    }
    throw error;
  }
}

/** NotFound is thrown as it is: the Pod is gone, but nobody will see it go. */
export async function deletePod(
  { metadata }: Pod,
  owner: KubernetesObject,
  { client, recorder, logger }: ControllerContext,
): Promise<void> {
  const { name, namespace } = metadata;
  const subject = owner as EventSubject;
  try {
    await client.for("pods").delete(name, { namespace });
  } catch (error) {
    if (isNotFound(error)) throw error;
    const { message } = error as Error;
    recorder.event(subject, "Warning", "FailedDelete", `Error deleting: ${message}`);
    throw new Error(`unable to delete pods: ${message}`, { cause: error });
  }
  logger.info({ object: `pod ${namespace}/${name}` }, "deleted pod");
  recorder.event(subject, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
}
