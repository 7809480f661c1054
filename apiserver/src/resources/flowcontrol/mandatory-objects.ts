// The flow schemas and priority levels that a cluster cannot do without: they stay as upstream makes them (upstream:
// apiserver/pkg/apis/flowcontrol/bootstrap).
import type { KubernetesObject } from "@coracle/shared/api/resources";
import type {
  FlowSchemaSpec,
  PriorityLevelConfigurationSpec,
} from "@coracle/shared/api/types/flowcontrol-v1";
import objectsJson from "../facts/bootstrap-objects.json" with { type: "json" };

const MANDATORY = ["exempt", "catch-all"];

type Rows = Readonly<Record<string, readonly (KubernetesObject & { spec: unknown })[]>>;

function specOf(resource: string, name: string): unknown {
  if (!MANDATORY.includes(name)) return undefined;
  const rows = (objectsJson as unknown as Rows)[`${resource}.flowcontrol.apiserver.k8s.io`];
  return rows?.find(({ metadata }) => metadata.name === name)?.spec;
}

/** What the spec of the schema has to be; undefined for schemas that may be anything. */
export const mandatoryFlowSchema = (name: string) =>
  specOf("flowschemas", name) as FlowSchemaSpec | undefined;

export const mandatoryPriorityLevel = (name: string) =>
  specOf("prioritylevelconfigurations", name) as PriorityLevelConfigurationSpec | undefined;
