// Real etcds on loopback, for one test file: one alone, or several as a cluster.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "@coracle/cli/ports";
import { systemClock } from "@coracle/shared/runtime/clock";
import type { Requirement } from "../requirement.ts";

export const ETCD_BINARY = "/usr/bin/etcd";
const CONTROL = "/usr/bin/etcdctl";
const POLL_MS = 20;
const START_MS = 30_000;
const HEALTH_MS = 1000;

export const etcdRequirement: Requirement = {
  missing: existsSync(ETCD_BINARY) ? undefined : `there is no ${ETCD_BINARY}`,
  install: "apt-get install etcd-server etcd-client",
};

export interface TestEtcd {
  name: string;
  endpoint: string;
  /** Runs etcdctl; its standard output. */
  control(...args: string[]): Promise<string>;
  /** What it knows by itself, without asking the others; undefined = it does not answer. Not over TLS. */
  status(): Promise<EtcdStatus | undefined>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Over the same data, on the same port. Resolves when it answers. */
  start(): Promise<void>;
  /** SIGSTOP: it holds its connections and answers nothing. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  remove(): Promise<void>;
}

export interface EtcdStatus {
  /** Of members, as etcd prints them: decimal numbers. */
  id: string;
  /** "0" = it knows of none. */
  leader: string;
  term: number;
}

/** Files. Clients need a certificate of the same authority. */
export interface EtcdTestTls {
  ca: string;
  cert: string;
  key: string;
  /** For the test itself. */
  clientCert: string;
  clientKey: string;
}

interface Member {
  name: string;
  clientPort: number;
  peerPort: number;
  /** Where the other members find it. */
  advertisedPort: number;
}

export async function startEtcd(options: { tls?: EtcdTestTls } = {}): Promise<TestEtcd> {
  const member = await newMember("default");
  const etcd = etcdOf(member, [member], options.tls);
  await etcd.start();
  return etcd;
}

export interface TestEtcdCluster {
  members: readonly TestEtcd[];
  endpoints: readonly string[];
  /** As those see it that answer. */
  leader(): Promise<TestEtcd>;
  remove(): Promise<void>;
}

/** `advertise`: the port, for the other members, of a proxy before the port of a member's own. */
export async function startEtcdCluster(
  size: number,
  advertise: (name: string, peerPort: number) => Promise<number> = async (_, port) => port,
): Promise<TestEtcdCluster> {
  const all: Member[] = [];
  for (let i = 0; i < size; i++) {
    const member = await newMember(`member-${i}`);
    member.advertisedPort = await advertise(member.name, member.peerPort);
    all.push(member);
  }
  const members = all.map((member) => etcdOf(member, all, undefined));
  const removeAll = async () => {
    await Promise.all(members.map((member) => member.remove()));
  };
  try {
    await Promise.all(members.map((member) => member.start()));
  } catch (error) {
    await removeAll();
    throw error;
  }
  return {
    members,
    endpoints: members.map(({ endpoint }) => endpoint),
    leader: () => leaderOf(members),
    remove: removeAll,
  };
}

async function newMember(name: string): Promise<Member> {
  const peerPort = await freePort();
  return { name, clientPort: await freePort(), peerPort, advertisedPort: peerPort };
}

const peerUrl = ({ advertisedPort }: Member): string => `http://127.0.0.1:${advertisedPort}`;

function argumentsOf(member: Member, all: readonly Member[], tls: EtcdTestTls | undefined) {
  const endpoint = `${tls === undefined ? "http" : "https"}://127.0.0.1:${member.clientPort}`;
  const secure =
    tls === undefined
      ? []
      : [
          ...["--cert-file", tls.cert, "--key-file", tls.key],
          ...["--trusted-ca-file", tls.ca, "--client-cert-auth"],
        ];
  const args = [
    ...["--name", member.name],
    ...["--listen-client-urls", endpoint, "--advertise-client-urls", endpoint],
    ...["--listen-peer-urls", `http://127.0.0.1:${member.peerPort}`],
    ...["--initial-advertise-peer-urls", peerUrl(member)],
    ...["--initial-cluster", all.map((one) => `${one.name}=${peerUrl(one)}`).join(",")],
    ...["--heartbeat-interval", "50", "--election-timeout", "500"],
    ...["--logger", "zap", "--log-level", "error"],
    ...secure,
  ];
  return { endpoint, args };
}

function etcdOf(member: Member, all: readonly Member[], tls: EtcdTestTls | undefined): TestEtcd {
  const directory = mkdtempSync(join(tmpdir(), "coracle-etcd-"));
  const { endpoint, args } = argumentsOf(member, all, tls);
  const credentials =
    tls === undefined ? [] : ["--cacert", tls.ca, "--cert", tls.clientCert, "--key", tls.clientKey];
  let child: ChildProcess | undefined;
  const etcd: TestEtcd = {
    name: member.name,
    endpoint,
    status: () => statusOf(endpoint),
    async control(...command) {
      const { stdout } = await promisify(execFile)(
        CONTROL,
        ["--endpoints", endpoint, ...credentials, ...command],
        { env: { ...process.env, ETCDCTL_API: "3" } },
      );
      return stdout;
    },
    async kill() {
      const running = child;
      child = undefined;
      if (running === undefined || running.exitCode !== null) return;
      const exit = once(running, "exit");
      running.kill("SIGKILL");
      await exit;
    },
    async start() {
      child = spawn(ETCD_BINARY, ["--data-dir", join(directory, "data"), ...args], {
        stdio: "ignore",
      });
      await healthy(endpoint, tls);
    },
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    async remove() {
      await etcd.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return etcd;
}

async function leaderOf(members: readonly TestEtcd[]): Promise<TestEtcd> {
  const until = systemClock.monotonic() + START_MS;
  for (;;) {
    for (const member of members) {
      const status = await member.status();
      if (status !== undefined && status.leader === status.id) return member;
    }
    if (systemClock.monotonic() > until) throw new Error("the etcds have no leader");
    await systemClock.sleep(POLL_MS);
  }
}

async function statusOf(endpoint: string): Promise<EtcdStatus | undefined> {
  const body = await bodyOf(`${endpoint}/v3/maintenance/status`, undefined, "{}");
  if (body === undefined) return undefined;
  const answer = JSON.parse(body) as {
    header: { member_id: string };
    leader?: string;
    raftTerm: string;
  };
  const { header, leader = "0", raftTerm } = answer;
  return { id: header.member_id, leader, term: Number(raftTerm) };
}

async function healthy(endpoint: string, tls: EtcdTestTls | undefined): Promise<void> {
  const until = systemClock.monotonic() + START_MS;
  for (;;) {
    const body = await bodyOf(`${endpoint}/health`, tls);
    if (body?.includes('"health":"true"')) return;
    if (systemClock.monotonic() > until) throw new Error(`etcd at ${endpoint} is not healthy`);
    await systemClock.sleep(POLL_MS);
  }
}

/** undefined = no answer. With `sent`, a POST of that. */
function bodyOf(
  url: string,
  tls: EtcdTestTls | undefined,
  sent?: string,
): Promise<string | undefined> {
  const secure = tls && {
    ca: readFileSync(tls.ca),
    cert: readFileSync(tls.clientCert),
    key: readFileSync(tls.clientKey),
  };
  return new Promise((resolve) => {
    const send = tls === undefined ? httpRequest : httpsRequest;
    const method = sent === undefined ? "GET" : "POST";
    const options = { ...secure, method, agent: false, timeout: HEALTH_MS };
    const asked = send(url, options, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve(body));
      response.on("error", () => resolve(undefined));
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(undefined));
    asked.end(sent);
  });
}
