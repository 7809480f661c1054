// All controllers, by the names that `--controllers` and the log give them.
import {
  type ControllerDefinition,
  type ControllerDependencies,
  type RunningController,
  startController,
} from "@coracle/shared/controller/controller";
import { deploymentController } from "./deployment/controller.ts";
import { startGarbageCollector } from "./garbagecollector/controller.ts";
import { namespaceController } from "./namespace/controller.ts";
import { replicaSetController } from "./replicaset/controller.ts";
import { rootCaController } from "./rootca/controller.ts";
import { serviceAccountController } from "./serviceaccount/controller.ts";

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
    startGarbageCollector,
  ];
  return rootCa === undefined ? starts : [...starts, run(rootCaController(rootCa))];
}
