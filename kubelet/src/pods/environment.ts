// A container's environment: services, envFrom, env with its sources, and `$(NAME)` references (upstream's makeEnvironmentVariables).
import type { Container, EnvVar, Pod, Service } from "@coracle/shared/api/types/core-v1";
import { isNotFound } from "@coracle/shared/machinery/status-error";
import { fieldValue, type PodAddresses, resourceFieldValue } from "./downward-api.ts";
import { type ReferencedObjects, referenceError } from "./referenced-objects.ts";
import { StartError } from "./start-error.ts";

export interface EnvironmentContext extends PodAddresses {
  references: ReferencedObjects;
  services: readonly Service[];
  allocatable: Readonly<Record<string, string>>;
}

/** Throws StartError (CreateContainerConfigError) when a source is missing. */
export async function containerEnvironment(
  pod: Pod,
  container: Container,
  context: EnvironmentContext,
): Promise<Map<string, string>> {
  try {
    const services = serviceVariables(pod, context.services);
    const own = new Map<string, string>();
    for (const source of container.envFrom ?? []) await addAll(own, source, pod, context);
    for (const variable of container.env ?? []) {
      const value = await variableValue(variable, pod, container, context, (name) => {
        return own.get(name) ?? services.get(name);
      });
      if (value !== undefined) own.set(variable.name, value);
    }
    return new Map([...services, ...own]);
  } catch (error) {
    throw new StartError("CreateContainerConfigError", referenceError(error));
  }
}

async function addAll(
  variables: Map<string, string>,
  source: NonNullable<Container["envFrom"]>[number],
  pod: Pod,
  { references }: EnvironmentContext,
): Promise<void> {
  const namespace = pod.metadata.namespace ?? "";
  const reference = source.configMapRef ?? source.secretRef;
  if (reference === undefined) return;
  const name = reference.name ?? "";
  try {
    const data =
      source.configMapRef !== undefined
        ? (await references.configMap(namespace, name)).data
        : decoded((await references.secret(namespace, name)).data);
    for (const [key, value] of Object.entries(data ?? {})) {
      variables.set(`${source.prefix ?? ""}${key}`, value);
    }
  } catch (error) {
    if (!(isNotFound(error) && reference.optional === true)) throw error;
  }
}

const decoded = (data: Record<string, string> | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, "base64").toString(),
    ]),
  );

/** Undefined when an optional source is missing. */
async function variableValue(
  variable: EnvVar,
  pod: Pod,
  container: Container,
  context: EnvironmentContext,
  lookUp: (name: string) => string | undefined,
): Promise<string | undefined> {
  if (variable.value) return expand(variable.value, lookUp);
  const source = variable.valueFrom;
  if (source?.fieldRef !== undefined) return fieldValue(source.fieldRef, pod, context);
  if (source?.resourceFieldRef !== undefined) {
    return resourceFieldValue(source.resourceFieldRef, pod, container, context.allocatable);
  }
  const reference = source?.configMapKeyRef ?? source?.secretKeyRef;
  if (reference === undefined) return "";
  const { name = "", key, optional } = reference;
  const namespace = pod.metadata.namespace ?? "";
  const isConfigMap = source?.configMapKeyRef !== undefined;
  try {
    const data = isConfigMap
      ? (await context.references.configMap(namespace, name)).data
      : decoded((await context.references.secret(namespace, name)).data);
    const value = data?.[key];
    if (value !== undefined || optional === true) return value;
  } catch (error) {
    if (isNotFound(error) && optional === true) return undefined;
    throw error;
  }
  const kind = isConfigMap ? "ConfigMap" : "Secret";
  throw new Error(`couldn't find key ${key} in ${kind} ${namespace}/${name}`);
}

/** `$(NAME)` becomes its value, `$$` one dollar; an unknown name stays as written. */
export function expand(text: string, lookUp: (name: string) => string | undefined): string {
  return text.replace(/\$(\$|\(([^()]*)\))/g, (whole, _kind, name: string | undefined) => {
    if (name === undefined) return "$";
    return lookUp(name) ?? whole;
  });
}

/** `WEB_SERVICE_HOST` and its kin, of the Pod's namespace and of default/kubernetes. */
function serviceVariables(pod: Pod, services: readonly Service[]): Map<string, string> {
  const variables = new Map<string, string>();
  const { namespace } = pod.metadata;
  for (const service of services) {
    const { name, namespace: of } = service.metadata;
    const isMaster = of === "default" && name === "kubernetes";
    const isLinked = of === namespace && pod.spec.enableServiceLinks !== false;
    const { clusterIP } = service.spec;
    if (!(isMaster || isLinked) || !clusterIP || clusterIP === "None") continue;
    addService(variables, service, clusterIP);
  }
  return variables;
}

function addService(variables: Map<string, string>, service: Service, ip: string): void {
  const name = service.metadata.name.toUpperCase().replaceAll("-", "_");
  const ports = service.spec.ports ?? [];
  const [first] = ports;
  if (first === undefined) return;
  variables.set(`${name}_SERVICE_HOST`, ip);
  variables.set(`${name}_SERVICE_PORT`, String(first.port));
  for (const { name: port, port: number } of ports) {
    if (!port) continue;
    const suffix = port.toUpperCase().replaceAll("-", "_");
    variables.set(`${name}_SERVICE_PORT_${suffix}`, String(number));
  }
  const urlOf = (protocol: string, port: number) => `${protocol.toLowerCase()}://${ip}:${port}`;
  variables.set(`${name}_PORT`, urlOf(first.protocol ?? "TCP", first.port));
  for (const { port, protocol = "TCP" } of ports) {
    const prefix = `${name}_PORT_${port}_${protocol}`;
    variables.set(prefix, urlOf(protocol, port));
    variables.set(`${prefix}_PROTO`, protocol.toLowerCase());
    variables.set(`${prefix}_PORT`, String(port));
    variables.set(`${prefix}_ADDR`, ip);
  }
}
