// An API server that was cut off from etcd while others wrote, for so long that its place in history is compacted: when it is back it
// has to load everything anew, and answers nothing older meanwhile.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { prepareNamespace, send } from "../conformance/replay.ts";
import { startApiServer, type TestApiServer } from "../harness/api-server.ts";
import { etcdRequirement, startEtcd, type TestEtcd } from "../harness/etcd.ts";
import { type Passage, TcpProxy } from "../harness/tcp-proxy.ts";
import { describeWith } from "../requirement.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const NAMESPACE = "cut-off";
const MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
const FRESH = ["new", 200, 2];
/** It may say that it cannot. */
const NONE = [500, 503, 504];
const OPEN: Passage = { forth: true, back: true };

describeWith("an API server that was cut off", [etcdRequirement], () => {
  let etcd: TestEtcd;
  let network: TcpProxy;
  let passage: Passage = OPEN;
  let cutOff: TestApiServer;
  let other: TestApiServer;

  beforeEach(async () => {
    etcd = await startEtcd();
    const targetPort = Number(new URL(etcd.endpoint).port);
    network = await TcpProxy.open({ targetPort, passage: () => passage });
    const endpoint = `http://127.0.0.1:${network.port}`;
    other = await startApiServer({ engine: "etcd", endpoints: [etcd.endpoint] });
    cutOff = await startApiServer({ engine: "etcd", endpoints: [endpoint] });
    await prepareNamespace(other, NAMESPACE);
  });
  afterEach(async () => {
    await Promise.all([cutOff.close(), other.close()]);
    await network.close();
    await etcd.remove();
  });

  function pass(next: Passage): void {
    passage = next;
    network.update();
  }

  async function request(server: TestApiServer, method: string, path: string, body?: unknown) {
    const { status, raw } = await send(server, { name: path, method, path, body }, NAMESPACE);
    return { status, body: raw as Record<string, unknown> & { items?: unknown[] } };
  }

  /** An object's value, another's status, and how many there are; the status of what is refused. */
  async function answers() {
    const [known, made, list] = await Promise.all([
      request(cutOff, "GET", `${MAPS}/known`),
      request(cutOff, "GET", `${MAPS}/made`),
      request(cutOff, "GET", MAPS),
    ]);
    const { value } = (known.body.data ?? {}) as { value?: string };
    return [value ?? known.status, made.status, list.body.items?.length ?? list.status];
  }

  test("answers with what was written meanwhile, or not at all", async () => {
    await request(other, "POST", MAPS, { metadata: { name: "known" }, data: { value: "old" } });
    const before = await request(cutOff, "GET", `${MAPS}/known`);
    expect(before.body).toMatchObject({ data: { value: "old" } });

    pass("closed");
    await request(other, "PATCH", `${MAPS}/known`, { data: { value: "new" } });
    const { body } = await request(other, "POST", MAPS, { metadata: { name: "made" } });
    const { resourceVersion } = body.metadata as { resourceVersion: string };
    await etcd.control("compact", resourceVersion);
    pass(OPEN);

    const asked: ReturnType<typeof answers>[] = [];
    let latest: unknown;
    const ask = async () => {
      const answer = await answers();
      latest = answer;
      return answer;
    };
    await vi.waitFor(
      () => {
        asked.push(ask());
        expect(latest).toEqual(FRESH);
      },
      { timeout: 30_000, interval: 20 },
    );
    for (const [known, made, list] of await Promise.all(asked)) {
      expect(known).toBeOneOf([FRESH[0], ...NONE]);
      expect(made).toBeOneOf([FRESH[1], ...NONE]);
      expect(list).toBeOneOf([FRESH[2], ...NONE]);
    }
  });
});
