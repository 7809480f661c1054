// ReplicationControllers: a ReplicaSet's work, with the selector of older times.
import type { ReplicationController } from "@coracle/shared/api/types/core-v1";
import { compiledMapSelector } from "@coracle/shared/controller/compiled-selector";
import { replicaController } from "../replicaset/controller.ts";

export const replicationController = replicaController({
  name: "replicationcontroller",
  component: "replication-controller",
  resource: "replicationcontrollers",
  selectorOf: (owner) =>
    compiledMapSelector((owner as unknown as ReplicationController).spec.selector),
});
