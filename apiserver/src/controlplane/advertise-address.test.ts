import { expect, test } from "vitest";
import { advertiseAddress, type HostNetwork, hostNetwork } from "./advertise-address.ts";

const address = (text: string) => [{ address: text }];
const interfaces: HostNetwork["interfaces"] = {
  lo: address("127.0.0.1"),
  docker0: address("172.17.0.1"),
  eth0: [{ address: "fe80::1" }, { address: "192.0.2.2" }],
};
const routes = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
`;
const none = () => {
  throw new Error("not to be asked");
};

test("what was asked for comes before the bind address, and that before the machine's", () => {
  expect(advertiseAddress("192.0.2.7", "10.0.0.1", none)).toBe("192.0.2.7");
  expect(advertiseAddress(undefined, "10.0.0.1", none)).toBe("10.0.0.1");
  expect(advertiseAddress("0.0.0.0", "10.0.0.1", none)).toBe("10.0.0.1");
});

test.each(["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::", "localhost"])(
  "bound to %s, it is the address of the interface with the default route",
  (bound) => {
    const of = (network: HostNetwork) => advertiseAddress(undefined, bound, () => network);
    expect(of({ interfaces, routes })).toBe("192.0.2.2");
    expect(of({ interfaces, routes: "" })).toBe("172.17.0.1");
    expect(of({ interfaces: { lo: address("127.0.0.1") }, routes: "" })).toBeUndefined();
    const link = { lo: address("127.0.0.1"), eth0: address("169.254.3.4") };
    expect(of({ interfaces: link, routes })).toBeUndefined();
  },
);

test.each(["here", "::1", "192.0.2", "2001:db8::1"])(
  "--advertise-address %s is refused",
  (text) => {
    const message = `--advertise-address must be an IPv4 address, not "${text}"`;
    expect(() => advertiseAddress(text, "127.0.0.1", none)).toThrow(message);
  },
);

test("this machine's network can be read", () => {
  expect(Object.keys(hostNetwork().interfaces)).not.toEqual([]);
});
