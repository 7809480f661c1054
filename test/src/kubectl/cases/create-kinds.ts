// create KIND, with the flags of each.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { casesOf } from "../case.ts";
import type { Terminal } from "../terminal.ts";

const row = casesOf("create");

interface Made {
  spec: Record<string, unknown>;
  data: Record<string, string>;
  rules: unknown;
  subjects: unknown;
  roleRef: unknown;
  type: string;
}

const made = (t: Terminal, what: string) => t.object<Made>(what);

/** The administrator's certificate and key, for want of another pair. */
function writePair(t: Terminal): void {
  const config = readFileSync(t.kubeconfig, "utf8");
  const decoded = (field: string) => {
    const [, data = ""] = new RegExp(`"?${field}-data"?: "?([^",\\s]+)`).exec(config) ?? [];
    return Buffer.from(data, "base64").toString();
  };
  t.write("tls.crt", decoded("client-certificate"));
  t.write("tls.key", decoded("client-key"));
}

const objectCases = [
  row("create-deployment", "create deployment", async (t) => {
    await t.says(
      "create deployment web --image=web:1 --replicas=2 --port=80 -- serve --quick",
      "deployment.apps/web created\n",
    );
    await t.says(
      "get deployment web -o jsonpath='{.spec.replicas} {.spec.selector.matchLabels} {.spec.template.spec.containers[0].command} {.spec.template.spec.containers[0].ports}'",
      '2 {"app":"web"} ["serve","--quick"] [{"containerPort":80,"protocol":"TCP"}]',
    );
    await t.ok("rollout status deployment web --timeout=30s");
  }),

  row("create-namespace", "create namespace", async (t) => {
    const name = `${t.name}-made`;
    await t.says(`create namespace ${name}`, `namespace/${name} created\n`);
    await t.says(
      `get namespace ${name}`,
      new RegExp(`^NAME +STATUS +AGE\n${name} +Active +\\d+s\n$`),
    );
    await t.fails(
      `create ns ${name}`,
      `Error from server (AlreadyExists): namespaces "${name}" already exists\n`,
    );
    assert.equal(await t.ok(`delete namespace ${name}`), `namespace "${name}" deleted\n`);
  }),

  row("create-configmap", "create configmap", async (t) => {
    t.write("file.txt", "text\n");
    t.write("env", "# a note\nA=1\nB=two words\n");
    await t.says(
      "create configmap m --from-literal=k=v --from-file=file.txt --from-file=renamed=file.txt",
      "configmap/m created\n",
    );
    assert.deepEqual((await made(t, "configmap m")).data, {
      k: "v",
      "file.txt": "text\n",
      renamed: "text\n",
    });
    await t.says("create configmap e --from-env-file=env", "configmap/e created\n");
    assert.deepEqual((await made(t, "configmap e")).data, { A: "1", B: "two words" });
    await t.says("get configmap m e", /^NAME +DATA +AGE\nm +3 +\d+s\ne +2 +\d+s\n$/);
  }),

  row("create-secret-generic", "create secret generic", async (t) => {
    await t.says(
      "create secret generic s --from-literal=user=me --type=example.com/mine",
      "secret/s created\n",
    );
    const secret = await made(t, "secret s");
    assert.deepEqual([secret.type, secret.data], ["example.com/mine", { user: "bWU=" }]);
    await t.says("get secret s", /^NAME +TYPE +DATA +AGE\ns +example.com\/mine +1 /);
  }),

  row("create-secret-tls", "create secret tls", async (t) => {
    writePair(t);
    await t.says("create secret tls s --cert=tls.crt --key=tls.key", "secret/s created\n");
    const secret = await made(t, "secret s");
    assert.equal(secret.type, "kubernetes.io/tls");
    assert.deepEqual(Object.keys(secret.data), ["tls.crt", "tls.key"]);
  }),

  row("create-secret-registry", "create secret docker-registry", async (t) => {
    await t.says(
      "create secret docker-registry s --docker-server=r.example --docker-username=me --docker-password=pw",
      "secret/s created\n",
    );
    const secret = await made(t, "secret s");
    assert.equal(secret.type, "kubernetes.io/dockerconfigjson");
    const config = JSON.parse(
      Buffer.from(secret.data[".dockerconfigjson"] ?? "", "base64").toString(),
    );
    assert.equal(config.auths["r.example"].username, "me");
  }),

  row("create-serviceaccount", "create serviceaccount", async (t) => {
    await t.says("create serviceaccount robot", "serviceaccount/robot created\n");
    await t.says("get sa robot", /^NAME +(SECRETS +)?AGE\nrobot +(0 +)?\d+s\n$/);
  }),

  row("create-job", "create job", async (t) => {
    await t.says("create job once --image=busybox -- sleep 1", "job.batch/once created\n");
    const { spec } = await made(t, "job once");
    assert.deepEqual([spec.parallelism, spec.completions, spec.backoffLimit], [1, 1, 6]);
    await t.ok("create cronjob tick --image=busybox --schedule='0 0 1 1 *' -- date");
    await t.says("create job now --from=cronjob/tick", "job.batch/now created\n");
    await t.says(
      "get job now -o jsonpath='{.metadata.ownerReferences[0].kind} {.spec.template.spec.containers[0].command}'",
      'CronJob ["date"]',
    );
  }),

  row("create-cronjob", "create cronjob", async (t) => {
    await t.says(
      "create cronjob tick --image=busybox --schedule='0 0 1 1 *' --restart=Never -- date",
      "cronjob.batch/tick created\n",
    );
    const { spec } = await made(t, "cronjob tick");
    assert.deepEqual([spec.schedule, spec.concurrencyPolicy], ["0 0 1 1 *", "Allow"]);
    await t.says("get cj tick", /^NAME +SCHEDULE .*\ntick +0 0 1 1 \* /);
  }),

  row("create-quota", "create quota", async (t) => {
    await t.says(
      "create quota q --hard=cpu=2,pods=3 --scopes=NotTerminating",
      "resourcequota/q created\n",
    );
    assert.deepEqual((await made(t, "quota q")).spec, {
      hard: { cpu: "2", pods: "3" },
      scopes: ["NotTerminating"],
    });
  }),

  row("create-pdb", "create poddisruptionbudget", async (t) => {
    await t.says(
      "create pdb b --selector=app=web --min-available=50%",
      "poddisruptionbudget.policy/b created\n",
    );
    assert.deepEqual((await made(t, "pdb b")).spec, {
      minAvailable: "50%",
      selector: { matchLabels: { app: "web" } },
    });
    await t.says("get pdb b", /^NAME +MIN AVAILABLE +MAX UNAVAILABLE .*\nb +50% +N\/A +0 /);
  }),

  row("create-priorityclass", "create priorityclass", async (t) => {
    await t.says(
      `create priorityclass ${t.name} --value=100 --description=mine`,
      `priorityclass.scheduling.k8s.io/${t.name} created\n`,
    );
    await t.ok(`run p --image=i --overrides='{"spec":{"priorityClassName":"${t.name}"}}'`);
    await t.says("get pod p -o jsonpath={.spec.priority}", "100");
    await t.ok(`delete priorityclass ${t.name}`);
  }),

  row("create-token", "create token", async (t) => {
    await t.ok("create serviceaccount robot");
    const token = await t.says("create token robot --duration=1h", /^[\w-]+\.[\w-]+\.[\w-]+\n?$/);
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    assert.equal(claims.sub, `system:serviceaccount:${t.namespace}:robot`);
    assert.equal(claims.exp - claims.iat, 3600);
    await t.fails(
      "create token nobody",
      'error: failed to create token: serviceaccounts "nobody" not found\n',
    );
  }),
];

const accessCases = [
  row("create-role", "create role", async (t) => {
    await t.says(
      "create role reader --verb=get,list --resource=pods,deployments.apps --resource-name=web",
      "role.rbac.authorization.k8s.io/reader created\n",
    );
    assert.deepEqual((await made(t, "role reader")).rules, [
      { apiGroups: [""], resourceNames: ["web"], resources: ["pods"], verbs: ["get", "list"] },
      {
        apiGroups: ["apps"],
        resourceNames: ["web"],
        resources: ["deployments"],
        verbs: ["get", "list"],
      },
    ]);
  }),

  row("create-clusterrole", "create clusterrole", async (t) => {
    await t.says(
      `create clusterrole ${t.name} --verb=get --non-resource-url=/logs/*`,
      `clusterrole.rbac.authorization.k8s.io/${t.name} created\n`,
    );
    assert.deepEqual((await made(t, `clusterrole ${t.name}`)).rules, [
      { nonResourceURLs: ["/logs/*"], verbs: ["get"] },
    ]);
    await t.ok(`create clusterrole ${t.name}-all --aggregation-rule=a=b`);
    await t.says(
      `get clusterrole ${t.name}-all -o jsonpath={.aggregationRule}`,
      '{"clusterRoleSelectors":[{"matchLabels":{"a":"b"}}]}',
    );
    await t.ok(`delete clusterrole ${t.name} ${t.name}-all`);
  }),

  row("create-rolebinding", "create rolebinding", async (t) => {
    await t.says(
      `create rolebinding b --clusterrole=view --user=jane --group=team --serviceaccount=${t.namespace}:default`,
      "rolebinding.rbac.authorization.k8s.io/b created\n",
    );
    const binding = await made(t, "rolebinding b");
    assert.deepEqual(binding.roleRef, {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name: "view",
    });
    assert.deepEqual(binding.subjects, [
      { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "jane" },
      { apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "team" },
      { kind: "ServiceAccount", name: "default", namespace: t.namespace },
    ]);
    await t.says("get rolebinding b", /^NAME +ROLE +AGE\nb +ClusterRole\/view +\d+s\n$/);
  }),

  row("create-clusterrolebinding", "create clusterrolebinding", async (t) => {
    await t.says(
      `create clusterrolebinding ${t.name} --clusterrole=view --user=jane`,
      `clusterrolebinding.rbac.authorization.k8s.io/${t.name} created\n`,
    );
    await t.says(
      `get clusterrolebinding ${t.name} -o wide`,
      new RegExp(
        `^NAME +ROLE +AGE +USERS +GROUPS +SERVICEACCOUNTS\n${t.name} +ClusterRole/view +\\d+s +jane +\n$`,
      ),
    );
    await t.ok(`delete clusterrolebinding ${t.name}`);
  }),
];

const networkCases = [
  row("create-service-clusterip", "create service clusterip", async (t) => {
    await t.says("create service clusterip s --tcp=80:8080", "service/s created\n");
    await t.says("get svc s", /^NAME .*\ns +ClusterIP +10\.\S+ +<none> +80\/TCP +\d+s\n$/);
    await t.ok("create service clusterip none --clusterip=None");
    await t.says("get svc none", /^NAME .*\nnone +ClusterIP +None +<none> +<none> +\d+s\n$/);
  }),

  row("create-service-nodeport", "create service nodeport", async (t) => {
    await t.says("create service nodeport s --tcp=80", "service/s created\n");
    await t.says("get svc s", /^NAME .*\ns +NodePort +10\.\S+ +<none> +80:3\d{4}\/TCP +\d+s\n$/);
  }),

  row("create-service-loadbalancer", "create service loadbalancer", async (t) => {
    await t.says("create service loadbalancer s --tcp=80", "service/s created\n");
    await t.says(
      "get svc s",
      /^NAME .*\ns +LoadBalancer +10\.\S+ +<pending> +80:3\d{4}\/TCP +\d+s\n$/,
    );
  }),

  row("create-service-externalname", "create service externalname", async (t) => {
    await t.says("create service externalname s --external-name=db.example", "service/s created\n");
    await t.says("get svc s", /^NAME .*\ns +ExternalName +<none> +db\.example +<none> +\d+s\n$/);
  }),

  row("create-ingress", "create ingress", async (t) => {
    await t.says(
      "create ingress i --class=mine --rule=a.example/x*=web:80,tls=pair",
      "ingress.networking.k8s.io/i created\n",
    );
    await t.says(
      "get ingress i",
      /^NAME +CLASS +HOSTS +ADDRESS +PORTS +AGE\ni +mine +a\.example +80, 443 +\d+s\n$/,
    );
    assert.deepEqual((await made(t, "ingress i")).spec.rules, [
      {
        host: "a.example",
        http: {
          paths: [
            {
              backend: { service: { name: "web", port: { number: 80 } } },
              path: "/x",
              pathType: "Prefix",
            },
          ],
        },
      },
    ]);
  }),
];

export const createKindCases = [...objectCases, ...accessCases, ...networkCases];
