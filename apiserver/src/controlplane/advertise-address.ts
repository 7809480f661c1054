// The address at which an API server says it is to be found (upstream: --advertise-address and its default).
import { readFileSync } from "node:fs";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { parseIp } from "../resources/ip.ts";

export interface HostNetwork {
  interfaces: Readonly<Record<string, readonly Pick<NetworkInterfaceInfo, "address">[]>>;
  /** Text of /proc/net/route; "" where there is none. */
  routes: string;
}

const ROUTES = "/proc/net/route";
const ANYWHERE = "00000000";
/** Nobody elsewhere can reach what begins so: this machine, and the link without an address. */
const LOCAL = /^(127|169\.254|0)\./;

const isIpv4 = (text: string): boolean => parseIp(text)?.bits === 32;

export function hostNetwork(): HostNetwork {
  const interfaces = networkInterfaces() as HostNetwork["interfaces"];
  try {
    return { interfaces, routes: readFileSync(ROUTES, "utf8") };
  } catch {
    return { interfaces, routes: "" }; // not Linux: the first interface has to do
  }
}

/**
 * What was asked for, else the bind address; when that is loopback or unspecified, the address of the interface with the
 * default route, or of the first one that has one. Undefined: this machine has no address that another could reach. Throws
 * with a message for the user.
 */
export function advertiseAddress(
  asked: string | undefined,
  bindAddress: string,
  network: () => HostNetwork,
): string | undefined {
  if (asked !== undefined && asked !== "") {
    if (!isIpv4(asked)) {
      throw new Error(`--advertise-address must be an IPv4 address, not "${asked}"`);
    }
    if (asked !== "0.0.0.0") return asked;
  }
  if (isIpv4(bindAddress) && !LOCAL.test(bindAddress)) return bindAddress;
  const { interfaces, routes } = network();
  const names = [...new Set([...defaultInterfaces(routes), ...Object.keys(interfaces)])];
  const addresses = names.flatMap((name) => interfaces[name] ?? []).map(({ address }) => address);
  return addresses.find((address) => isIpv4(address) && !LOCAL.test(address));
}

/** Interfaces of the default routes, in the table's order. */
function defaultInterfaces(routes: string): string[] {
  const rows = routes.split("\n").map((line) => line.split(/\s+/));
  return rows.flatMap(([name = "", destination, , , , , , mask]) =>
    destination === ANYWHERE && mask === ANYWHERE ? [name] : [],
  );
}
