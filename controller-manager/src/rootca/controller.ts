// Publishes the certificate authority of the API server in every namespace, as ConfigMap
// kube-root-ca.crt.
import {
  type ControllerDefinition,
  defineController,
  watchOf,
} from "@coracle/shared/controller/controller";
import { isAlreadyExists, isNotFound } from "@coracle/shared/machinery/status-error";
import { isNamespaceTerminating } from "../namespace/terminating-cause.ts";

const NAME = "kube-root-ca.crt";
const DESCRIPTION = "kubernetes.io/description";
const DESCRIPTION_TEXT =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal " +
  "endpoints such as the internal service IP or kubernetes.default.svc. " +
  "No other usage is guaranteed across distributions of Kubernetes clusters.";

/** `rootCa`: PEM. */
export function rootCaController(rootCa: string): ControllerDefinition {
  const data = { "ca.crt": rootCa };
  return defineController({
    name: "root-ca-publisher",
    reconciles: "namespaces",
    workers: 1,
    watches: [
      watchOf({
        resource: "configmaps",
        handlers: ({ enqueue }) => {
          const wake = ({ metadata }: { metadata: { name: string; namespace?: string } }) => {
            if (metadata.name === NAME) enqueue(metadata.namespace as string);
          };
          return { onUpdate: (_old, configMap) => wake(configMap), onDelete: wake };
        },
      }),
    ],

    async reconcile(namespace, { client, lister }) {
      if (lister("namespaces").get(namespace)?.status?.phase !== "Active") return undefined;
      const configMaps = client.for("configmaps");
      const existing = lister("configmaps").get(`${namespace}/${NAME}`);
      const annotations = { ...existing?.metadata.annotations, [DESCRIPTION]: DESCRIPTION_TEXT };
      if (existing === undefined) {
        try {
          await configMaps.create({ metadata: { name: NAME, namespace, annotations }, data });
        } catch (error) {
          const gone = isNotFound(error) || isNamespaceTerminating(error);
          if (!gone && !isAlreadyExists(error)) throw error;
        }
        return undefined;
      }
      const entries = Object.entries(existing.data ?? {});
      const same = entries.length === 1 && existing.data?.["ca.crt"] === rootCa;
      if (same && existing.metadata.annotations?.[DESCRIPTION]) return undefined;
      await configMaps.update({
        ...existing,
        metadata: { ...existing.metadata, annotations },
        data,
      });
      return undefined;
    },
  });
}
