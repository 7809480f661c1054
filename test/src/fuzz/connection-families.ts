// Connections: those that are to be upgraded, those that lead through the server to a kubelet or a Pod, those that end too
// early, and what may not even be HTTP.
import type { Random } from "@coracle/shared/runtime/random";
import { anyPath } from "./address-families.ts";
import { type Corpus, NAMESPACE } from "./corpus.ts";
import { chance, pick, texts } from "./extremes.ts";
import { oddNames } from "./fuzz-kubelet.ts";
import { type Family, type FuzzRequest, TOKEN_MARK } from "./fuzz-request.ts";
import { mutateBytes } from "./mutations.ts";
import { mutatedQuery } from "./query-mutations.ts";

const protocols = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "channel.k8s.io",
  "SPDY/3.1+portforward.k8s.io",
  "base64.binary.k8s.io",
  "x",
  "",
];

function upgradeLines(random: Random, target: string): string[] {
  const webSocket = chance(random, 0.5);
  const lines = [
    `${pick(random, ["GET", "GET", "POST", "PUT"])} ${target} HTTP/1.1`,
    "Host: x",
    `Authorization: Bearer ${TOKEN_MARK}`,
    `Connection: ${pick(random, ["Upgrade", "upgrade, keep-alive", "close", "Upgrade"])}`,
    `Upgrade: ${webSocket ? "websocket" : pick(random, ["SPDY/3.1", "spdy/3.1", "h2c", "x", ""])}`,
  ];
  if (webSocket) {
    lines.push(
      `Sec-WebSocket-Key: ${pick(random, ["dGhlIHNhbXBsZSBub25jZQ==", "x", "", "a".repeat(5000)])}`,
    );
    lines.push(`Sec-WebSocket-Version: ${pick(random, ["13", "8", "x"])}`);
    lines.push(`Sec-WebSocket-Protocol: ${pick(random, protocols)}`);
  } else lines.push(`X-Stream-Protocol-Version: ${pick(random, protocols)}`);
  return lines.filter(() => chance(random, 0.96));
}

const bytes = (random: Random, count: number): Buffer =>
  Buffer.from(Array.from({ length: random.integer(count) }, () => random.integer(256)));

/** A client's frame: masked, as long as it says or not. */
function webSocketFrame(random: Random): Buffer {
  const payload = bytes(random, 200);
  const length = pick(random, [payload.length, payload.length, 0, 125, 126, 127]) & 0x7f;
  const first = pick(random, [0x81, 0x82, 0x01, 0x80, 0x88, 0x89, 0x8a, 0x83, 0xff]);
  const long = length === 127 ? bytes(random, 9) : Buffer.alloc(0);
  return Buffer.concat([Buffer.from([first, 0x80 | length]), long, Buffer.alloc(4), payload]);
}

/** SPDY/3.1: a control frame (SYN_STREAM, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE) or a data frame. */
function spdyFrame(random: Random): Buffer {
  const payload = bytes(random, 100);
  const length = chance(random, 0.8) ? payload.length : random.integer(1 << 24);
  const type = pick(random, [1, 2, 3, 4, 6, 7, 8, 9, 99]);
  const isControl = chance(random, 0.7);
  const head = isControl ? [0x80, 3, 0, type] : [0, 0, 0, random.integer(9)];
  const sized = [random.integer(4), length >> 16, (length >> 8) & 255, length & 255];
  return Buffer.concat([Buffer.from([...head, ...sized]), payload]);
}

function streamBytes(random: Random): Buffer {
  const one = pick(random, [webSocketFrame, spdyFrame, () => bytes(random, 2000)]);
  return Buffer.concat(Array.from({ length: random.integer(6) }, () => one(random)));
}

const backends = [
  `/api/v1/namespaces/${NAMESPACE}/pods/running`,
  `/api/v1/namespaces/${NAMESPACE}/pods/running:8080`,
  `/api/v1/namespaces/${NAMESPACE}/pods/http:running:1`,
  `/api/v1/namespaces/${NAMESPACE}/pods/https:running:443`,
  `/api/v1/namespaces/${NAMESPACE}/pods/running:http`,
  `/api/v1/namespaces/${NAMESPACE}/pods/a:b:c:d`,
  `/api/v1/namespaces/${NAMESPACE}/services/fuzz-running:80`,
  `/api/v1/namespaces/${NAMESPACE}/services/fuzz-running`,
  `/api/v1/namespaces/${NAMESPACE}/services/fuzz-plain:99`,
  "/api/v1/nodes/fuzz-node",
  "/api/v1/nodes/fuzz-node:1",
  "/api/v1/nodes/fuzz-plain",
];

const oddTail = (random: Random): string =>
  chance(random, 0.9)
    ? pick(random, oddNames)
    : encodeURIComponent(Buffer.from(pick(random, texts)).toString()).slice(0, 3000);

const proxied = (random: Random): string =>
  `${pick(random, backends)}/proxy/${chance(random, 0.2) ? "a//b/../" : ""}${oddTail(random)}`;

/** To a Pod, a service or a node that answers with anything. */
const proxy: Family = (random) => {
  const method = pick(random, ["GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]);
  const hasBody = method !== "GET" && method !== "HEAD" && chance(random, 0.8);
  return {
    family: "proxy",
    method,
    path: proxied(random) + (chance(random, 0.3) ? mutatedQuery(random) : ""),
    headers: { "content-type": pick(random, ["application/json", "text/plain", ""]) },
    ...(hasBody ? { body: bytes(random, 5000) } : {}),
    ...(chance(random, 0.1) ? { leaves: pick(random, ["body", "answer"] as const) } : {}),
  };
};

const execParameters = "container command stdin stdout stderr tty ports follow tailLines".split(
  " ",
);

/** The Pod runs on a node whose kubelet takes every upgrade. */
const upgrade =
  (corpus: Corpus): Family =>
  (random) => {
    const action = pick(random, ["exec", "attach", "portforward", "proxy", "log", ""]);
    const pod = pick(random, ["running", "running", "running", "fuzz-plain", "none"]);
    const only = chance(random, 0.7) ? execParameters : undefined;
    const kind = random.next();
    let target = anyPath(random, corpus);
    if (kind < 0.7) {
      const query = mutatedQuery(random, only);
      target = `/api/v1/namespaces/${NAMESPACE}/pods/${pod}/${action}${query}`;
    } else if (kind < 0.9) target = proxied(random);
    const head = Buffer.from(`${upgradeLines(random, target).join("\r\n")}\r\n\r\n`);
    return {
      family: "upgrade",
      method: "GET",
      path: target,
      headers: {},
      raw: chance(random, 0.2)
        ? mutateBytes(random, head)
        : Buffer.concat([head, chance(random, 0.5) ? streamBytes(random) : bytes(random, 50)]),
      afterUpgrade: streamBytes(random),
      ...(chance(random, 0.2) ? { leaves: "answer" as const } : {}),
    };
  };

/** Another's request, whose client does not wait: it goes within the body, or when the answer begins. */
const hangUp =
  (others: readonly Family[]): Family =>
  (random) => {
    const request: FuzzRequest = pick(random, others)(random);
    return { ...request, family: "hang up", leaves: pick(random, ["body", "answer"] as const) };
  };

/** What may not even be HTTP. */
const wire =
  (corpus: Corpus): Family =>
  (random) => {
    const target = anyPath(random, corpus);
    const length = pick(random, ["2", "2", "0", "1", "99", "-1", "x", "99999999999999999999"]);
    const framing = pick(random, [
      `Content-Length: ${length}`,
      "Transfer-Encoding: chunked",
      `Content-Length: ${length}\r\nTransfer-Encoding: chunked`,
    ]);
    const body = pick(random, ["{}", "2\r\n{}\r\n0\r\n\r\n", "zz\r\n", "ffffffffffffffff\r\n", ""]);
    const method = pick(random, [
      "GET",
      "POST",
      "PATCH",
      "TRACE",
      "CONNECT",
      "PRI",
      "get",
      "M-SEARCH",
      "X",
    ]);
    const text = `${method} ${target} HTTP/${pick(random, ["1.1", "1.1", "1.0", "2.0", "9"])}\r\nHost: x\r\nAuthorization: Bearer ${TOKEN_MARK}\r\nContent-Type: application/json\r\nConnection: close\r\n${framing}\r\n\r\n${body}`;
    const raw = Buffer.from(text);
    return {
      family: "wire",
      method,
      path: target,
      headers: {},
      raw: chance(random, 0.6) ? mutateBytes(random, raw) : raw,
    };
  };

/** `others` make the requests from which a client goes away. */
export const connectionFamilies = (
  corpus: Corpus,
  others: readonly Family[],
): readonly (readonly [number, Family])[] => [
  [4, upgrade(corpus)],
  [3, proxy],
  [2, hangUp(others)],
  [2, wire(corpus)],
];
