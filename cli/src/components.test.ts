import { expect, test } from "vitest";
import { CliError } from "./cli-error.ts";
import { commandOf, commandsOf, parseComponentFlag, parseComponents } from "./components.ts";
import { dataDirectory } from "./data-directory.ts";

const options = {
  port: 7443,
  kubeletPort: 10_299,
  healthPorts: { scheduler: 10_259, "controller-manager": 10_257 },
  nodes: 5,
  nodeCpu: "2",
  nodeMemory: "1280Mi",
  logLevel: "warn",
  flags: [parseComponentFlag("kubelet.node-cpu=16")],
} as const;

test.each([
  ["apiserver.unsafe-no-sync", { component: "apiserver", argument: "--unsafe-no-sync" }],
  ["controller-manager.a=b=c", { component: "controller-manager", argument: "--a=b=c" }],
  ["kubelet.--node-cpu=2", { component: "kubelet", argument: "--node-cpu=2" }],
])("--set %s", (text, expected) => {
  expect(parseComponentFlag(text)).toEqual(expected);
});

test.each(["apiserver", "apiserver.", "nobody.x=1", "apiserver.=1", ""])(
  "--set %j is refused",
  (text) => {
    expect(() => parseComponentFlag(text)).toThrow(CliError);
  },
);

test("--only names components", () => {
  expect(parseComponents("apiserver, scheduler")).toEqual(["apiserver", "scheduler"]);
  expect(() => parseComponents("apiserver,etcd")).toThrow(
    'no component is called "etcd"; there are: apiserver, kubelet, scheduler, controller-manager',
  );
});

test("the API server listens on loopback with the cluster's certificates", () => {
  const { file, args } = commandOf("apiserver", options, dataDirectory("/d"), { binaries: "/bin" });
  expect(file).toBe("/bin/apiserver.mjs");
  const value = (flag: string) => args[args.indexOf(flag) + 1];
  expect(value("--bind-address")).toBe("127.0.0.1");
  expect(value("--port")).toBe("7443");
  expect(args).not.toContain("--advertise-port");
  expect(value("--client-ca-file")).toBe("/d/pki/ca.crt");
  expect(value("--log-level")).toBe("warn");
});

test("a flag of the user's comes last and reaches its component only", () => {
  const kubelet = commandOf("kubelet", options, dataDirectory("/d")).args;
  expect(kubelet.at(-1)).toBe("--node-cpu=16");
  const scheduler = commandOf("scheduler", options, dataDirectory("/d")).args;
  expect(scheduler).toEqual([
    ...["--kubeconfig", "/d/pki/scheduler.kubeconfig"],
    ...["--health-port", "10259"],
    ...["--log-level", "warn"],
  ]);
});

test("several API servers listen behind the front, and clients begin with different ones", () => {
  const names = ["apiserver", "kubelet", "scheduler", "controller-manager"] as const;
  const many = { ...options, apiservers: 3, controlPlanes: 2 };
  const commands = commandsOf(names, many, dataDirectory("/d"));
  expect(commands.map(({ instance }) => instance)).toEqual([
    ...["apiserver-1", "apiserver-2", "apiserver-3"],
    "kubelet",
    ...["scheduler-1", "scheduler-2", "controller-manager-1", "controller-manager-2"],
  ]);
  const values = (flag: string) =>
    commands.flatMap(({ args }) => (args.includes(flag) ? [args[args.indexOf(flag) + 1]] : []));
  expect(values("--port").slice(0, 3)).toEqual(["7444", "7445", "7446"]);
  expect(values("--advertise-port")).toEqual(["7443", "7443", "7443"]);
  const url = (port: number) => `https://127.0.0.1:${port}`;
  expect(values("--servers").slice(0, 4)).toEqual([
    [url(7444), url(7445), url(7446)].join(),
    [url(7445), url(7446), url(7444)].join(),
    [url(7446), url(7444), url(7445)].join(),
    [url(7444), url(7445), url(7446)].join(),
  ]);
  const electing = commands.filter(({ args }) => args.includes("--leader-elect"));
  expect(electing.map(({ name }) => name)).toEqual([
    ...["scheduler", "scheduler", "controller-manager", "controller-manager"],
  ]);
});
