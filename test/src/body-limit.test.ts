// A body above the limit is refused in the words of a real server (recorded from kube-apiserver 1.36.3), and the server goes on.
import { afterAll, beforeAll, expect, it } from "vitest";
import { send } from "./conformance/replay.ts";
import { startApiServer, type TestApiServer } from "./harness/api-server.ts";

const MIB = 1024 * 1024;
const path = "/api/v1/namespaces/default/configmaps";
let server: TestApiServer;

beforeAll(async () => {
  server = await startApiServer();
});

afterAll(() => server.close());

const create = (bytes: number) => {
  const body = { metadata: { name: `of-${bytes}` }, data: { k: "x".repeat(bytes) } };
  return send(server, { name: "create", method: "POST", path, body }, "<none>");
};

it("refuses 4 MiB", async () => {
  expect(await create(4 * MIB)).toMatchObject({
    status: 413,
    body: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "Request entity too large: limit is 3145728",
      reason: "RequestEntityTooLarge",
      code: 413,
    },
  });
});

it("takes what an object may hold", async () => {
  expect(await create(1000)).toMatchObject({ status: 201 });
  expect(await create(2 * MIB)).toMatchObject({ status: 422, body: { reason: "Invalid" } });
});
