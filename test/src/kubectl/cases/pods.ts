// logs, exec, attach.
import assert from "node:assert/strict";
import { casesOf } from "../case.ts";
import { deployment, documents, pod, scriptPod } from "../manifests.ts";
import type { Terminal } from "../terminal.ts";

const row = casesOf("pods");

async function running(t: Terminal, ...pods: { metadata: { name: string } }[]): Promise<void> {
  await t.ok("create -f -", { input: documents(...pods) });
  const names = pods.map(({ metadata }) => `pod/${metadata.name}`).join(" ");
  await t.ok(`wait --for=condition=Ready ${names} --timeout=30s`);
}

const twoLines = "echo one; echo two >&2; sleep 600";

const logCases = [
  row("logs", "logs", async (t) => {
    await running(t, scriptPod("p", twoLines));
    await t.soonSays("logs p", "one\ntwo\n");
    await t.says("logs pod/p", "one\ntwo\n");
    await t.fails("logs none", /pods "none" not found/);
    await t.says("logs p --limit-bytes=3", "one");
  }),

  row("logs-container", "logs -c", async (t) => {
    await running(t, scriptPod("p", "echo first; sleep 600", "echo second; sleep 600"));
    await t.soonSays("logs p -c c2", "second\n");
    // Which one it took instead is said on standard error.
    assert.equal(await t.ok("logs p"), "first\n");
    await t.fails(
      "logs p -c none",
      /^error: container none is not valid for pod p( out of: c, c2)?\n$/,
    );
  }),

  row("logs-all-containers", "logs --all-containers, --prefix", async (t) => {
    await running(t, scriptPod("p", "echo first; sleep 600", "echo second; sleep 600"));
    await t.soonSays("logs p --all-containers", /^(first\nsecond|second\nfirst)\n$/);
    // In some versions, in no certain order.
    const prefixed = (await t.ok("logs p --all-containers --prefix")).split("\n").sort();
    assert.deepEqual(prefixed, ["", "[pod/p/c2] second", "[pod/p/c] first"]);
  }),

  row("logs-follow", "logs -f", async (t) => {
    await running(t, scriptPod("p", "echo one; sleep 2; echo two; sleep 1"));
    const { code, stdout } = await t.start("logs -f p").end();
    assert.deepEqual([code, stdout], [0, "one\ntwo\n"]);
  }),

  row("logs-previous", "logs --previous", async (t) => {
    const restarting = pod("p", {
      volumes: [{ name: "v", emptyDir: {} }],
      containers: [
        {
          name: "c",
          image: "busybox",
          command: [
            "sh",
            "-c",
            "if [ -e /v/x ]; then echo again; sleep 600; fi; touch /v/x; echo first; exit 1",
          ],
          volumeMounts: [{ name: "v", mountPath: "/v" }],
        },
      ],
    });
    await t.ok("create -f -", { input: documents(restarting) });
    await t.soonSays("logs p", "again\n");
    await t.says("logs p --previous", "first\n");
    await t.ok("create -f -", { input: documents(pod("q")) });
    await t.ok("wait --for=condition=Ready pod/q --timeout=30s");
    await t.fails(
      "logs q --previous",
      'Error from server (BadRequest): previous terminated container "c" in pod "q" not found\n',
    );
  }),

  row("logs-since", "logs --since, --since-time", async (t) => {
    await running(t, scriptPod("p", "echo old; sleep 4; echo new; sleep 600"));
    await t.soonSays("logs p --since=2s", "new\n");
    await t.says("logs p --since=1h", "old\nnew\n");
    await t.says("logs p --since-time=2020-01-01T00:00:00Z", "old\nnew\n");
  }),

  row("logs-tail", "logs --tail", async (t) => {
    await running(t, scriptPod("p", twoLines));
    await t.soonSays("logs p --tail=1", "two\n");
    await t.says("logs p --tail=0", "");
  }),

  row("logs-timestamps", "logs --timestamps", async (t) => {
    await running(t, scriptPod("p", twoLines));
    await t.soonSays(
      "logs p --timestamps",
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z one\n\d{4}-\S+Z two\n$/,
    );
  }),

  row("logs-labels", "logs -l, TYPE/NAME", async (t) => {
    await running(t, scriptPod("p", twoLines), scriptPod("q", "echo other; sleep 600"));
    await t.soonSays("logs -l app=p", "one\ntwo\n");
    await t.soonSays(
      "logs -l 'app in (p,q)' --prefix",
      "[pod/p/c] one\n[pod/p/c] two\n[pod/q/c] other\n",
    );
    await t.ok("create -f -", { input: documents(deployment("web", 1, "nginx")) });
    await t.ok("rollout status deployment web --timeout=30s");
    await t.ok("logs deployment/web");
    await t.ok("delete deployment web");
  }),

  row("logs-waiting", "logs (nothing to read yet)", async (t) => {
    await t.ok("create -f -", {
      input: documents(pod("p", { containers: [{ name: "c", image: "invalid/never" }] })),
    });
    await t.soon(() =>
      t.fails(
        "logs p",
        /^Error from server \(BadRequest\): container "c" in pod "p" is waiting to start: (trying and failing to pull image|image can't be pulled)\n$/,
      ),
    );
  }),
];

const execCases = [
  row("exec", "exec", async (t) => {
    await running(
      t,
      pod("p", { containers: [{ name: "c", image: "busybox", command: ["sleep", "600"] }] }),
    );
    await t.says("exec p -- echo hello", "hello\n");
    // Standard error comes apart from standard output.
    const { stdout, stderr } = await t.run("exec pod/p -- sh -c 'echo out; echo err >&2'");
    assert.deepEqual([stdout, stderr], ["out\n", "err\n"]);
    await t.fails("exec none -- true", 'Error from server (NotFound): pods "none" not found\n');
  }),

  row("exec-stdin", "exec -i", async (t) => {
    await running(t, scriptPod("p", "sleep 600"));
    await t.says("exec -i p -- cat", "from stdin\n", { input: "from stdin\n" });
    const big = `${"0123456789abcdef".repeat(16_384)}\n`;
    assert.equal(await t.ok("exec -i p -- cat", { input: big }), big);
  }),

  row("exec-tty", "exec -t", async (t) => {
    await running(t, scriptPod("p", "sleep 600"));
    // Without a terminal of its own, kubectl says so and goes on.
    const outcome = await t.run("exec -t p -- echo hello");
    assert.deepEqual([outcome.code, outcome.stdout.replace("\r", "")], [0, "hello\n"]);
  }),

  row("exec-exit-code", "exec (exit code)", async (t) => {
    await running(t, scriptPod("p", "sleep 600"));
    await t.fails("exec p -- sh -c 'exit 3'", "command terminated with exit code 3\n", { code: 3 });
    await t.fails("exec p -- sh -c none-such", /exit code 127\n$/, { code: 127 });
  }),

  row("exec-container", "exec -c", async (t) => {
    await running(t, scriptPod("p", "echo 1 >/mark; sleep 600", "echo 2 >/mark; sleep 600"));
    await t.soonSays("exec p -c c2 -- cat /mark", "2\n");
    await t.soonSays("exec p -c c -- cat /mark", "1\n");
    await t.fails(
      "exec p -c none -- true",
      /container (not found \("none"\)|none is not valid for pod p)/,
    );
  }),

  row("attach", "attach", async (t) => {
    await running(t, scriptPod("p", "while true; do echo tick; sleep 1; done"));
    const attached = t.start("attach p");
    await attached.prints(/^tick$/m);
    await attached.interrupt();
  }),

  row("attach-stdin", "attach -i", async (t) => {
    const shell = { name: "c", image: "busybox", command: ["sh"], stdin: true, stdinOnce: true };
    await running(t, pod("p", { restartPolicy: "Never", containers: [shell] }));
    const attached = t.start("attach -i p", { input: "echo hello\n" });
    await attached.prints(/^hello$/m);
    attached.type("exit 0\n");
    assert.equal((await attached.end()).code, 0);
  }),
];

export const podCases = [...logCases, ...execCases];
