// The cluster's certificates: made once, reused while they are valid, renewed before they expire.
import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@coracle/shared/runtime/clock";
import {
  type CertificateRequest,
  type IssuedCertificate,
  isAddress,
  issueCertificate,
  type Subject,
} from "./certificate.ts";
import { writeSecret } from "./data-directory.ts";

export interface PkiOptions {
  /** The folder of all keys and certificates. */
  directory: string;
  /** DNS names and addresses by which servers are reached, besides the usual ones. */
  extraHosts?: readonly string[];
  clock: Clock;
}

export interface Pki {
  authority: string;
  clients: Record<ClientName, IssuedCertificate>;
  /** Names of what was made this time: `ca`, `apiserver`, … */
  created: string[];
}

/** Every name that a client inside or outside the cluster may use for the API server (and for a kubelet, on loopback). */
const SERVER_HOSTS = [
  "localhost",
  "127.0.0.1",
  "::1",
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
  "10.96.0.1",
  "apiserver", // the services' names in docker-compose.yml
  "kubelet",
];

const AUTHORITY: Subject = { commonName: "coracle-ca" };
const SERVERS = ["apiserver", "kubelet"] as const;
export const ADMIN_USER = "kubernetes-admin";
export const ADMIN_GROUP = "system:masters";
/** The node authorizer knows a kubelet by this user; one process hosts all simulated nodes under the first one's name. */
export const KUBELET_USER = "system:node:node-1";

const CLIENTS = {
  admin: { commonName: ADMIN_USER, organizations: [ADMIN_GROUP] },
  scheduler: { commonName: "system:kube-scheduler" },
  "controller-manager": { commonName: "system:kube-controller-manager" },
  "kubelet-client": { commonName: KUBELET_USER, organizations: ["system:nodes"] },
  "apiserver-kubelet-client": {
    commonName: "kube-apiserver-kubelet-client",
    organizations: [ADMIN_GROUP],
  },
} satisfies Record<string, Subject>;
export type ClientName = keyof typeof CLIENTS;

const DAY_MS = 24 * 3600 * 1000;
const AUTHORITY_LIFE_MS = 3650 * DAY_MS;
const LEAF_LIFE_MS = 365 * DAY_MS;
const RENEW_BEFORE_MS = 30 * DAY_MS;
/** Clocks of containers differ a little. */
const BACKDATE_MS = 60 * 60 * 1000;

/** Makes what is missing, expiring, or not signed by the CA; keeps the rest. */
export function ensurePki(options: PkiOptions): Pki {
  const { directory } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const now = options.clock.now();
  const life = { notBeforeMs: now - BACKDATE_MS, notAfterMs: now + LEAF_LIFE_MS };
  const hosts = [...new Set([...SERVER_HOSTS, ...(options.extraHosts ?? [])])];
  const created: string[] = [];

  const authority = ensure(directory, "ca", now, created, {
    subject: AUTHORITY,
    usage: "authority",
    notBeforeMs: now - BACKDATE_MS,
    notAfterMs: now + AUTHORITY_LIFE_MS,
  });
  const issuer = {
    certificate: new X509Certificate(authority.certificate),
    key: createPrivateKey(authority.key),
  };
  for (const name of SERVERS) {
    const request = { subject: { commonName: name }, usage: "server", hosts, ...life } as const;
    ensure(directory, name, now, created, request, issuer);
  }
  const client = (name: ClientName) =>
    ensure(
      directory,
      name,
      now,
      created,
      { subject: CLIENTS[name], usage: "client", ...life },
      issuer,
    );
  const clients = Object.fromEntries(
    (Object.keys(CLIENTS) as ClientName[]).map((name) => [name, client(name)]),
  ) as Record<ClientName, IssuedCertificate>;

  ensureServiceAccountKey(directory, created);
  ensureAdminToken(directory, created);
  return { authority: authority.certificate, clients, created };
}

interface Authority {
  certificate: X509Certificate;
  key: KeyObject;
}

function ensure(
  directory: string,
  name: string,
  now: number,
  created: string[],
  request: CertificateRequest,
  issuer?: Authority,
): IssuedCertificate {
  const existing = readPair(directory, name);
  if (existing !== undefined && isUsable(existing, request, now, issuer)) return existing;
  const issued = issueCertificate(request, issuer && { subject: AUTHORITY, key: issuer.key });
  writeSecret(join(directory, `${name}.key`), issued.key);
  writeSecret(join(directory, `${name}.crt`), issued.certificate);
  created.push(name);
  return issued;
}

function readPair(directory: string, name: string): IssuedCertificate | undefined {
  const [certificate, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  if (!existsSync(certificate) || !existsSync(key)) return undefined;
  return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
}

/** Valid for a month more, signed by this CA, fitting its key, and good for the names asked for. */
function isUsable(
  pair: IssuedCertificate,
  request: CertificateRequest,
  now: number,
  issuer?: Authority,
): boolean {
  let certificate: X509Certificate;
  let key: KeyObject;
  try {
    certificate = new X509Certificate(pair.certificate);
    key = createPrivateKey(pair.key);
  } catch {
    return false; // truncated or edited: made anew
  }
  return (
    Date.parse(certificate.validTo) - now > RENEW_BEFORE_MS &&
    certificate.checkPrivateKey(key) &&
    certificate.verify(issuer?.certificate.publicKey ?? certificate.publicKey) &&
    certificate.subject.split("\n").includes(`CN=${request.subject.commonName}`) &&
    (request.hosts ?? []).every((host) => coversHost(certificate, host))
  );
}

function coversHost(certificate: X509Certificate, host: string): boolean {
  return (isAddress(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;
}

function ensureServiceAccountKey(directory: string, created: string[]): void {
  const [privatePath, publicPath] = [join(directory, "sa.key"), join(directory, "sa.pub")];
  if (existsSync(privatePath) && existsSync(publicPath)) return;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeSecret(privatePath, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  writeSecret(publicPath, publicKey.export({ type: "spki", format: "pem" }).toString());
  created.push("sa");
}

/** Upstream's static token file: token,user,uid,"group,…". */
function ensureAdminToken(directory: string, created: string[]): void {
  const path = join(directory, "tokens.csv");
  if (existsSync(path)) return;
  const token = randomBytes(24).toString("base64url");
  writeSecret(path, `${token},${ADMIN_USER},${ADMIN_USER},"${ADMIN_GROUP}"\n`);
  created.push("tokens");
}
