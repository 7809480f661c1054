// Addresses and node ports of a Service, given out before it is validated (upstream: registry/core/service/storage alloc.go).
// Pure: what is taken is a parameter, and the chosen values are written into the Service. One family: the cluster is IPv4.
import type { Service, ServicePort } from "@coracle/shared/api/types/core-v1";
import { invalidValue } from "@coracle/shared/machinery/field-error";
import { type FieldError, internalError, invalid } from "@coracle/shared/machinery/status-error";
import type { Random } from "@coracle/shared/runtime/random";
import { ipv4Text, parseIp } from "../ip.ts";
import { resolveFamilies } from "./service-families.ts";
import {
  isHeadless,
  needsClusterIp,
  needsHealthCheck,
  needsNodePort,
  nodePortsOf,
  sameList,
} from "./service-rules.ts";

interface TakenAddresses {
  ips: { has(ip: string): boolean };
  ports: { has(port: number): boolean };
}

export interface AllocationOptions {
  random: Random;
  /** Then addresses are placeholders, as upstream's. */
  dryRun: boolean;
  /** Addresses that are taken besides those of the other Services. */
  isHeld?(ip: string): boolean;
}

interface Allocation extends AllocationOptions {
  taken: TakenAddresses;
}

const SERVICE_RANGE = "10.96.0.0/16";
const RANGE_IP = "10.96.0.0";
const FIRST_IP = 0x0a600001n;
const LAST_IP = 0x0a60fffen;
/** Random choices start here, so that the addresses below stay free for those who choose. */
const DYNAMIC_IP = FIRST_IP + 256n;
const FIRST_PORT = 30_000;
const LAST_PORT = 32_767;
const DYNAMIC_PORT = FIRST_PORT + 86;
const DRY_RUN_PORT = 32_769;

const invalidService = (service: Service, errors: FieldError[]): Error =>
  invalid({ group: "", kind: "Service" }, service.metadata.name, errors);

/** The addresses that these Services hold. */
function takenBy(services: Iterable<Service>): { ips: Set<string>; ports: Set<number> } {
  const ips = new Set<string>();
  const ports = new Set<number>();
  for (const service of services) {
    if (needsClusterIp(service) && !isHeadless(service)) {
      for (const ip of service.spec.clusterIPs ?? []) ips.add(ip);
    }
    for (const port of nodePortsOf(service)) ports.add(port);
    if (needsHealthCheck(service) && service.spec.healthCheckNodePort) {
      ports.add(service.spec.healthCheckNodePort);
    }
  }
  return { ips, ports };
}

/**
 * Completes the addresses of a new Service, or of a changed one (`old` is its state before), distinct from those of `others`.
 * Throws Invalid where a wanted value cannot be had, InternalError when a range is full.
 */
export function allocateServiceAddresses(
  service: Service,
  others: Iterable<Service>,
  old: Service | undefined,
  options: AllocationOptions,
): void {
  if (old !== undefined) keepAllocated(service, old);
  mirrorClusterIps(service, old);
  const errors = resolveFamilies(service, old);
  if (errors.length > 0) throw invalidService(service, errors);
  const { ips, ports: takenPorts } = takenBy(others);
  const { isHeld } = options;
  const isTaken = (ip: string) => ips.has(ip) || isHeld?.(ip) === true;
  const allocation = { taken: { ips: { has: isTaken }, ports: takenPorts }, ...options };
  if (old === undefined || needsNewIps(service, old)) allocateIps(service, allocation);
  const ports = new PortAllocation(allocation);
  if (needsNodePort(service)) {
    if (old === undefined) allocatePorts(service, ports);
    else updatePorts(service, old, ports);
  }
  if (needsHealthCheck(service) && (old === undefined || !needsHealthCheck(old))) {
    allocateHealthPort(service, ports);
  }
}

/** A client that does not repeat what was allocated keeps it. */
function keepAllocated({ spec }: Service, old: Service): void {
  const before = old.spec;
  if (spec.type !== "ExternalName" && needsClusterIp(old)) {
    if (!spec.clusterIP) spec.clusterIP = before.clusterIP;
    if ((spec.clusterIPs?.length ?? 0) === 0 && before.clusterIPs) {
      spec.clusterIPs = [...before.clusterIPs];
    }
  }
  const isNodePort = spec.type === "NodePort" || spec.type === "LoadBalancer";
  if (isNodePort && needsNodePort(old)) keepNodePorts(spec.ports ?? [], before.ports ?? []);
  if (spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local") {
    if (needsHealthCheck(old)) spec.healthCheckNodePort ||= before.healthCheckNodePort;
  }
}

function keepNodePorts(ports: ServicePort[], before: readonly ServicePort[]): void {
  const now = new Set(ports.map(({ nodePort }) => nodePort ?? 0));
  const stillUsed = new Set(before.map(({ nodePort }) => nodePort ?? 0).filter((p) => now.has(p)));
  const byName = new Map(before.map(({ name = "", nodePort }) => [name, nodePort]));
  for (const port of ports) {
    const known = byName.get(port.name ?? "");
    if (!port.nodePort && known && !stillUsed.has(known)) port.nodePort = known;
  }
}

/** clusterIP is the older field and the first of clusterIPs; old clients only know that one. */
function mirrorClusterIps({ spec }: Service, old: Service | undefined): void {
  if (old === undefined) {
    if (spec.clusterIP && (spec.clusterIPs?.length ?? 0) === 0) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const before = old.spec;
  const same = (spec.clusterIP ?? "") === (before.clusterIP ?? "");
  if ((spec.clusterIPs?.length ?? 0) === 0 && before.clusterIPs?.length && same) {
    spec.clusterIPs = [...before.clusterIPs];
  }
  if (same || !sameList(spec.clusterIPs, before.clusterIPs)) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

const needsNewIps = (service: Service, old: Service): boolean =>
  !needsClusterIp(old) && needsClusterIp(service);

function allocateIps(service: Service, { taken, random, dryRun }: Allocation): void {
  const { spec } = service;
  if (!needsClusterIp(service) || spec.clusterIPs?.[0] === "None") return;
  const wanted = spec.clusterIPs?.[0];
  if (!wanted) {
    const ip = dryRun ? RANGE_IP : freeIp(taken, random);
    if (ip === undefined) {
      const name = JSON.stringify(service.metadata.name);
      throw internalError(`failed to allocate a serviceIP for Service ${name}: range is full`);
    }
    spec.clusterIP = ip;
    spec.clusterIPs = [ip];
    return;
  }
  const why = refusedIp(wanted, taken, dryRun);
  if (why === undefined) return;
  const detail = `failed to allocate IP ${wanted}: ${why}`;
  throw invalidService(service, [invalidValue("spec.clusterIPs", spec.clusterIPs, detail)]);
}

function refusedIp(ip: string, taken: TakenAddresses, dryRun: boolean): string | undefined {
  const value = parseIp(ip)?.value ?? 0n;
  if (value < FIRST_IP || value > LAST_IP) {
    if (!dryRun) return "the provided network does not match the current range";
    return `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${SERVICE_RANGE}`;
  }
  return !dryRun && taken.ips.has(ip) ? "provided IP is already allocated" : undefined;
}

/** From a random place upwards and around; the lower part only when the rest is full. */
function freeIp({ ips }: TakenAddresses, random: Random): string | undefined {
  const search = (first: bigint, last: bigint): string | undefined => {
    const size = Number(last - first) + 1;
    const start = random.integer(size);
    for (let i = 0; i < size; i++) {
      const ip = ipv4Text(first + BigInt((start + i) % size));
      if (!ips.has(ip)) return ip;
    }
    return undefined;
  };
  return search(DYNAMIC_IP, LAST_IP) ?? search(FIRST_IP, DYNAMIC_IP - 1n);
}

/** Ports given out to one Service. */
class PortAllocation {
  readonly #taken: TakenAddresses;
  readonly #random: Random;
  readonly #dryRun: boolean;
  readonly #own = new Set<number>();

  constructor({ taken, random, dryRun }: Allocation) {
    this.#taken = taken;
    this.#random = random;
    this.#dryRun = dryRun;
  }

  /** Upstream's words when the port cannot be had. */
  take(port: number): string | undefined {
    // A dry run checks no range: its own guesses lie outside.
    if (!this.#dryRun && (port < FIRST_PORT || port > LAST_PORT)) {
      return `provided port is not in the valid range. The range of valid ports is ${FIRST_PORT}-${LAST_PORT}`;
    }
    if (this.#taken.ports.has(port) || this.#own.has(port)) {
      return "provided port is already allocated";
    }
    this.#own.add(port);
    return undefined;
  }

  /** undefined when all are taken. */
  next(): number | undefined {
    const port = this.#dryRun ? this.#guess() : this.#free();
    if (port !== undefined) this.#own.add(port);
    return port;
  }

  #guess(): number {
    return this.#own.size === 0 ? DRY_RUN_PORT : Math.max(...this.#own) + 1;
  }

  #free(): number | undefined {
    const search = (first: number, last: number): number | undefined => {
      const size = last - first + 1;
      const start = this.#random.integer(size);
      for (let i = 0; i < size; i++) {
        const port = first + ((start + i) % size);
        if (!this.#taken.ports.has(port) && !this.#own.has(port)) return port;
      }
      return undefined;
    };
    return search(DYNAMIC_PORT, LAST_PORT) ?? search(FIRST_PORT, DYNAMIC_PORT - 1);
  }
}

function takePort(service: Service, index: number, port: number, ports: PortAllocation): void {
  const why = ports.take(port);
  if (why === undefined) return;
  throw invalidService(service, [invalidValue(`spec.ports[${index}].nodePort`, port, why)]);
}

function nextPort(ports: PortAllocation): number {
  const port = ports.next();
  if (port === undefined) throw internalError("failed to allocate a nodePort: range is full");
  return port;
}

const wantsNodePorts = ({ spec }: Service): boolean =>
  spec.type === "NodePort" || spec.allocateLoadBalancerNodePorts !== false;

/** The same port over two protocols gets the same node port. */
function allocatePorts(service: Service, ports: PortAllocation): void {
  const list = service.spec.ports ?? [];
  const byPort = new Map<number, number>();
  list.forEach((port, i) => {
    if (!port.nodePort && !wantsNodePorts(service)) return;
    const known = byPort.get(port.port);
    if (known === undefined) {
      const wanted = list.find((other) => other.port === port.port && other.nodePort)?.nodePort;
      if (wanted) takePort(service, i, wanted, ports);
      port.nodePort = wanted || nextPort(ports);
      byPort.set(port.port, port.nodePort);
    } else if (!port.nodePort) port.nodePort = known;
    else if (port.nodePort !== known) takePort(service, i, port.nodePort, ports);
  });
}

function updatePorts(service: Service, old: Service, ports: PortAllocation): void {
  const before = new Set(nodePortsOf(old));
  const allocated = new Set<number>();
  service.spec.ports?.forEach((port, i) => {
    if (port.nodePort) {
      if (before.has(port.nodePort) || allocated.has(port.nodePort)) return;
      takePort(service, i, port.nodePort, ports);
      allocated.add(port.nodePort);
    } else if (wantsNodePorts(service)) port.nodePort = nextPort(ports);
  });
}

function allocateHealthPort({ spec }: Service, ports: PortAllocation): void {
  const wanted = spec.healthCheckNodePort ?? 0;
  if (wanted === 0) {
    const port = ports.next();
    if (port === undefined) {
      throw internalError("failed to allocate a HealthCheck NodePort 0: range is full");
    }
    spec.healthCheckNodePort = port;
    return;
  }
  const why = ports.take(wanted);
  if (why !== undefined) {
    throw internalError(`failed to allocate requested HealthCheck NodePort ${wanted}: ${why}`);
  }
}
