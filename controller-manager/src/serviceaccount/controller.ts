// Every active namespace has the service account `default`.
import { defineController, watchOf } from "@coracle/shared/controller/controller";
import { isAlreadyExists } from "@coracle/shared/machinery/status-error";
import { isNamespaceTerminating } from "../namespace/terminating-cause.ts";

const NAME = "default";

export const serviceAccountController = defineController({
  name: "serviceaccount",
  reconciles: "namespaces",
  workers: 1,
  watches: [
    watchOf({
      resource: "serviceaccounts",
      handlers: ({ enqueue }) => ({
        onDelete: ({ metadata }) => enqueue(metadata.namespace as string),
      }),
    }),
  ],

  async reconcile(namespace, { client, lister, logger }) {
    if (lister("namespaces").get(namespace)?.status?.phase !== "Active") return undefined;
    if (lister("serviceaccounts").get(`${namespace}/${NAME}`) !== undefined) return undefined;
    try {
      await client.for("serviceaccounts").create({ metadata: { name: NAME, namespace } });
      logger.info({ object: `serviceaccount ${namespace}/${NAME}` }, "created service account");
    } catch (error) {
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) throw error;
    }
    return undefined;
  },
});
