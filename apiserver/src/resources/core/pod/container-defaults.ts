// Defaults of a container, wherever it stands (upstream: core/v1 SetDefaults_Container and what it calls).
import type {
  Container,
  EnvVar,
  EphemeralContainerCommon,
  HTTPGetAction,
  ObjectFieldSelector,
  Probe,
  ResourceFieldSelector,
} from "@coracle/shared/api/types/core-v1";
import { canonical } from "@coracle/shared/machinery/quantity";
import { defaultPullPolicy } from "./image-reference.ts";
import { storeResourceList } from "./resource-lists.ts";

export function setContainerDefaults(container: Container | EphemeralContainerCommon): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image);
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  for (const port of container.ports ?? []) port.protocol ||= "TCP";
  for (const variable of container.env ?? []) setVariableDefaults(variable);
  container.resources ??= {};
  storeResourceList(container.resources.limits);
  storeResourceList(container.resources.requests);
  setProbeDefaults(container.livenessProbe);
  setProbeDefaults(container.readinessProbe);
  setProbeDefaults(container.startupProbe);
  setHttpGetDefaults(container.lifecycle?.postStart?.httpGet);
  setHttpGetDefaults(container.lifecycle?.preStop?.httpGet);
}

function setVariableDefaults(variable: EnvVar): void {
  const source = variable.valueFrom;
  if (!source) return;
  setFieldRefDefaults(source.fieldRef);
  setResourceFieldRefDefaults(source.resourceFieldRef);
  if (source.fileKeyRef) source.fileKeyRef.optional ??= false;
}

export function setFieldRefDefaults(ref: ObjectFieldSelector | undefined): void {
  if (ref) ref.apiVersion ||= "v1";
}

/** Not a default but a struct that is never left out: a divisor prints as 0. */
export function setResourceFieldRefDefaults(ref: ResourceFieldSelector | undefined): void {
  if (ref === undefined || ref === null) return;
  const divisor = canonical(ref.divisor ?? "0");
  if (divisor !== ref.divisor) ref.divisor = divisor;
}

function setProbeDefaults(probe: Probe | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  setHttpGetDefaults(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= "";
}

function setHttpGetDefaults(http: HTTPGetAction | undefined): void {
  if (!http) return;
  http.path ||= "/";
  http.scheme ||= "HTTP";
}
