// rollout, of each kind that rolls out.
import assert from "node:assert/strict";
import { casesOf } from "../case.ts";
import { daemonSet, deployment, documents, statefulSet } from "../manifests.ts";
import type { Terminal } from "../terminal.ts";

const row = casesOf("roll out");

interface Kind {
  /** `deployment` */
  short: string;
  /** `deployment.apps` */
  resource: string;
  make(image: string): object;
  /** What `rollout status` says in the end. */
  done: RegExp;
  /** What --revision prints first. */
  revisionHead: string;
}

const kinds: readonly Kind[] = [
  {
    short: "deployment",
    resource: "deployment.apps",
    make: (image) => deployment("web", 2, image),
    done: /deployment "web" successfully rolled out\n$/,
    revisionHead: "deployment.apps/web with revision #1\n",
  },
  {
    short: "daemonset",
    resource: "daemonset.apps",
    make: (image) => daemonSet("web", image),
    done: /daemon set "web" successfully rolled out\n$/,
    revisionHead: "daemonset.apps/web with revision #1\n",
  },
  {
    short: "statefulset",
    resource: "statefulset.apps",
    make: (image) => statefulSet("web", 2, image),
    done: /(statefulset rolling update complete 2 pods at revision web-\w+|partitioned roll out complete: 2 new pods have been updated)\.\.\.\n$/,
    revisionHead: "statefulset.apps/web with revision #1\n",
  },
];

const image = (short: string) =>
  `get ${short} web -o jsonpath={.spec.template.spec.containers[0].image}`;

/** Rolls out c:1, then c:2. */
async function twoRevisions(t: Terminal, { short, make }: Kind): Promise<void> {
  const status = `rollout status ${short} web --timeout=${t.patience}`;
  await t.ok("create -f -", { input: documents(make("c:1")) });
  await t.ok(status);
  await t.ok(`set image ${short} web c=c:2`);
  await t.ok(status);
}

const casesOfKind = (kind: Kind) => {
  const { short, resource, make, done, revisionHead } = kind;
  return [
    row(`rollout-status-${short}`, `rollout status ${short}`, async (t) => {
      await t.ok("create -f -", { input: documents(make("c:1")) });
      const status = `rollout status ${short} web --timeout=${t.patience}`;
      assert.match(await t.ok(status), done);
      await t.ok(`set image ${short} web c=c:2`);
      assert.match(await t.ok(status), done);
      await t.soonSays("get pods -o jsonpath={.items[*].spec.containers[*].image}", /^c:2( c:2)*$/);
      await t.ok(`delete ${short} web`);
    }),

    row(`rollout-history-${short}`, `rollout history ${short}, --revision`, async (t) => {
      await twoRevisions(t, kind);
      await t.ok(`annotate ${short} web kubernetes.io/change-cause=because`);
      await t.soonSays(
        `rollout history ${short} web`,
        new RegExp(
          `^${resource}/web *\nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +(because|<none>)\n\n$`,
        ),
      );
      const one = await t.ok(`rollout history ${short} web --revision=1`);
      assert.ok(one.startsWith(revisionHead), one);
      assert.match(one, /^ {4}Image:\tc:1$/m);
      await t.fails(`rollout history ${short} web --revision=9`, /unable to find/);
      await t.ok(`delete ${short} web`);
    }),

    row(`rollout-undo-${short}`, `rollout undo ${short}, --to-revision`, async (t) => {
      await twoRevisions(t, kind);
      await t.says(`rollout undo ${short} web`, `${resource}/web rolled back\n`);
      await t.says(image(short), "c:1");
      await t.ok(`rollout status ${short} web --timeout=${t.patience}`);
      await t.says(`rollout undo ${short} web --to-revision=2`, `${resource}/web rolled back\n`);
      await t.says(image(short), "c:2");
      await t.fails(`rollout undo ${short} web --to-revision=9`, /unable to find/);
      await t.ok(`delete ${short} web`);
    }),

    row(`rollout-restart-${short}`, `rollout restart ${short}`, async (t) => {
      await t.ok("create -f -", { input: documents(make("c:1")) });
      await t.says(`rollout restart ${short} web`, `${resource}/web restarted\n`);
      await t.says(
        `get ${short} web -o jsonpath={.spec.template.metadata.annotations}`,
        /^\{"kubectl\.kubernetes\.io\/restartedAt":"[^"]+"\}$/,
      );
      await t.ok(`delete ${short} web`);
    }),
  ];
};

const pausing = [
  row("rollout-pause", "rollout pause, resume", async (t) => {
    await t.ok("create -f -", { input: documents(deployment("web", 1, "c:1")) });
    await t.ok("rollout status deployment web --timeout=30s");
    await t.says("rollout pause deployment web", "deployment.apps/web paused\n");
    await t.ok("set image deployment web c=c:2");
    await t.fails(
      "rollout pause deployment web",
      'error: deployments.apps "web" is already paused\n',
    );
    await t.fails("rollout restart deployment web", /can't restart paused deployment/);
    await t.says("get pods -o jsonpath={.items[*].spec.containers[*].image}", "c:1");
    await t.says("rollout resume deployment web", "deployment.apps/web resumed\n");
    await t.ok("rollout status deployment web --timeout=30s");
    await t.soonSays("get pods -o jsonpath={.items[*].spec.containers[*].image}", "c:2");
    await t.ok("delete deployment web");
  }),

  row("rollout-status-timeout", "rollout status --timeout, --watch=false", async (t) => {
    const stuck = deployment("web", 1, "invalid/never:1");
    await t.ok("create -f -", { input: documents(stuck) });
    await t.fails(
      "rollout status deployment web --timeout=1s",
      "error: timed out waiting for the condition\n",
    );
    await t.says(
      "rollout status deployment web --watch=false",
      'Waiting for deployment "web" rollout to finish: 0 of 1 updated replicas are available...\n',
    );
    await t.ok("delete deployment web");
  }),
];

export const rollOutCases = [...kinds.flatMap(casesOfKind), ...pausing];
