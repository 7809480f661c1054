// All controllers, by the names that `--controllers` and the log give them.
import {
  type ControllerDefinition,
  type ControllerDependencies,
  type RunningController,
  startController,
} from "@coracle/shared/controller/controller";
import { startCronJobController } from "./cronjob/controller.ts";
import { daemonSetController } from "./daemonset/controller.ts";
import { deploymentController } from "./deployment/controller.ts";
import { disruptionController } from "./disruption/controller.ts";
import { endpointsController } from "./endpoints/controller.ts";
import { endpointSliceController } from "./endpointslice/controller.ts";
import { startGarbageCollector } from "./garbagecollector/controller.ts";
import { jobController } from "./job/controller.ts";
import { ttlController } from "./job/ttl.ts";
import { namespaceController } from "./namespace/controller.ts";
import { nodeLifecycleController } from "./nodelifecycle/controller.ts";
import { startTaintEviction } from "./nodelifecycle/taint-eviction.ts";
import { podGarbageController } from "./podgc/controller.ts";
import { replicaSetController } from "./replicaset/controller.ts";
import { replicationController } from "./replicationcontroller/controller.ts";
import { startResourceQuotaController } from "./resource-quota/controller.ts";
import { rootCaController } from "./rootca/controller.ts";
import { serviceAccountController } from "./serviceaccount/controller.ts";
import { statefulSetController } from "./statefulset/controller.ts";
import { claimProtectionController } from "./volumeprotection/claims.ts";
import { volumeProtectionController } from "./volumeprotection/volumes.ts";

export interface ControllersConfig {
  /** PEM; undefined: not published. */
  rootCa?: string;
}

type Start = (dependencies: ControllerDependencies) => RunningController;

const run =
  (definition: ControllerDefinition): Start =>
  (dependencies) =>
    startController(definition, dependencies);

export function controllers({ rootCa }: ControllersConfig): Start[] {
  const starts = [
    run(namespaceController),
    run(serviceAccountController),
    run(deploymentController),
    run(replicaSetController),
    run(replicationController),
    run(daemonSetController()),
    run(statefulSetController),
    run(jobController()),
    run(disruptionController),
    run(nodeLifecycleController()),
    startTaintEviction,
    run(podGarbageController()),
    run(endpointsController()),
    run(endpointSliceController()),
    run(claimProtectionController),
    run(volumeProtectionController),
    run(ttlController),
    startCronJobController,
    startGarbageCollector,
    startResourceQuotaController,
  ];
  return rootCa === undefined ? starts : [...starts, run(rootCaController(rootCa))];
}
