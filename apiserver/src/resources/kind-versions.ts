// Kinds that are served in more than one version: how the further versions are made of the stored one.
import type { KindVersion } from "../registry/resource-table.ts";
import { horizontalPodAutoscalerV1 } from "./autoscaling/horizontalpodautoscaler-v1.ts";
import { eventVersion } from "./events/event-version.ts";

export const kindVersions: readonly KindVersion[] = [eventVersion, horizontalPodAutoscalerV1];
