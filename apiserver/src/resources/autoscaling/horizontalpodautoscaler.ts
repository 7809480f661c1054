import type { HorizontalPodAutoscaler } from "@coracle/shared/api/types/autoscaling-v2";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { repeatMetadataUpdate } from "../metadata-validation.ts";
import { setAutoscalerDefaults } from "./horizontalpodautoscaler-defaults.ts";
import { autoscalerCells } from "./horizontalpodautoscaler-table.ts";
import {
  validateAutoscaler,
  validateAutoscalerStatus,
} from "./horizontalpodautoscaler-validation.ts";
import { dropRoundTripAnnotations } from "./round-trip-annotations.ts";

export const horizontalPodAutoscalerBehaviour: ResourceBehaviour<HorizontalPodAutoscaler> = {
  storagePrefix: "horizontalpodautoscalers",
  setDefaults(autoscaler) {
    dropRoundTripAnnotations(autoscaler.metadata);
    setAutoscalerDefaults(autoscaler);
  },
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate(autoscaler) {
      autoscaler.status = { desiredReplicas: 0, currentMetrics: null as never };
    },
    validate: (autoscaler) => validateAutoscaler(autoscaler),
    prepareForUpdate(autoscaler, old) {
      autoscaler.status = old.status;
    },
    validateUpdate: (autoscaler, old) => [
      ...repeatMetadataUpdate(autoscaler.metadata, old.metadata),
      ...validateAutoscaler(autoscaler, old),
    ],
  },
  statusStrategy: {
    prepareForUpdate(autoscaler, old) {
      autoscaler.spec = old.spec;
    },
    validateUpdate: (autoscaler, old) => [
      ...repeatMetadataUpdate(autoscaler.metadata, old.metadata),
      ...validateAutoscalerStatus(autoscaler),
    ],
  },
  cells: autoscalerCells,
};
