// The same suite on each engine of the store, with a fresh API server for each.
import { afterAll, beforeAll, describe } from "vitest";
import { describeWith } from "../requirement.ts";
import { startApiServer, type TestApiServer } from "./api-server.ts";
import { etcdRequirement, startEtcd, type TestEtcd } from "./etcd.ts";

/** `suite` gets the server by a function, as it runs later than the suite is described. */
export function describeOnBothEngines(suite: (server: () => TestApiServer) => void): void {
  describe("on LevelDB", () => {
    let server: TestApiServer;
    beforeAll(async () => {
      server = await startApiServer();
    });
    afterAll(() => server.close());
    suite(() => server);
  });

  describeWith("on etcd", [etcdRequirement], () => {
    let etcd: TestEtcd;
    let server: TestApiServer;
    beforeAll(async () => {
      etcd = await startEtcd();
      server = await startApiServer({ engine: "etcd", endpoints: [etcd.endpoint] });
    });
    afterAll(async () => {
      await server.close();
      await etcd.remove();
    });
    suite(() => server);
  });
}
