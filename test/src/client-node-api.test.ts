// The generated API of @kubernetes/client-node, whole: every method of every class is called once against a live server, and either
// succeeds or is listed in client-node-api/gaps.ts.
import { resourceFacts } from "@coracle/shared/api/facts";
import {
  ApiException,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exercise, kindsOf } from "./client-node-api/exercise.ts";
import { answers, notBuilt, notServed } from "./client-node-api/gaps.ts";
import { type ApiClass, generatedClasses, type Method } from "./client-node-api/generated-api.ts";
import { startApiServer, type TestApiServer } from "./harness/api-server.ts";
import { signingRequest } from "./kubectl/signing-request.ts";
import { minimalObjects } from "./minimal-objects.ts";

const NAMESPACE = "generated";
const kinds = [...new Set(resourceFacts.map(({ kind }) => kind)), "APIGroup", "APIResources"];
const classes = generatedClasses(kinds);
const isGap = ({ name }: ApiClass): boolean => name in notServed || name in notBuilt;

let server: TestApiServer;
let config: KubeConfig;

beforeAll(async () => {
  server = await startApiServer();
  const { url, authority, token } = server;
  config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: "c", server: url, caData: Buffer.from(authority).toString("base64") }],
    users: [{ name: "u", token }],
    contexts: [{ name: "c", cluster: "c", user: "u" }],
    currentContext: "c",
  });
  const client = server.client();
  await client.for("namespaces").create({ spec: {}, metadata: { name: NAMESPACE } });
  await client
    .for("serviceaccounts")
    .create({ metadata: { name: "default", namespace: NAMESPACE } }, NAMESPACE);
});
afterAll(() => server?.close());

/** `RbacAuthorizationV1Api` */
function classNameOf(apiVersion: string): string {
  const [group = "", version = ""] = apiVersion.includes("/")
    ? apiVersion.replace(".k8s.io", "").split("/")
    : ["core", apiVersion];
  const parts = [...group.split("."), version];
  return `${parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("")}Api`;
}

const attributes = { namespace: NAMESPACE, verb: "get", resource: "pods" };

/** Kinds of which nothing is stored, or that take more than words. */
const others: Record<string, (name: string) => object> = {
  TokenReview: () => ({ spec: { token: "none" } }),
  SelfSubjectReview: () => ({}),
  SelfSubjectRulesReview: () => ({ spec: { namespace: NAMESPACE } }),
  SelfSubjectAccessReview: () => ({ spec: { resourceAttributes: attributes } }),
  SubjectAccessReview: () => ({ spec: { user: "jane", resourceAttributes: attributes } }),
  LocalSubjectAccessReview: () => ({
    metadata: { namespace: NAMESPACE },
    spec: { user: "jane", resourceAttributes: attributes },
  }),
  CertificateSigningRequest: (name) => ({
    metadata: { name },
    spec: {
      request: Buffer.from(signingRequest(name).request).toString("base64"),
      signerName: "example.com/signer",
      usages: ["client auth"],
    },
  }),
  Binding: (name) => ({ metadata: { name }, target: { kind: "Node", name: "somewhere" } }),
};

let made = 0;

async function make(kind: string, className: string): Promise<KubernetesObject> {
  const name = `made-${++made}`;
  if (kind === "Binding") await server.client().for("pods").create(podOf(name), NAMESPACE);
  const other = others[kind];
  if (other !== undefined) return other(name) as KubernetesObject;
  const found = minimalObjects(name, NAMESPACE).find(
    (one) => one.kind === kind && classNameOf(one.apiVersion) === className,
  );
  if (found === undefined) throw new Error(`no object of ${kind} for ${className}`);
  const { metadata } = found;
  return { ...found, metadata: { ...metadata, name: metadata?.name.replace(/^minimal/, name) } };
}

const podOf = (name: string) => ({
  metadata: { name },
  spec: { containers: [{ name: "c", image: "i" }] },
});

function bodyOf({ subresource }: Method, name: string): object {
  if (subresource === "binding") return (others.Binding as (name: string) => object)(name);
  return subresource === "token" ? { spec: { audiences: ["a"] } } : { metadata: { name } };
}

const answerOf = ({ name }: Method) => answers.find(({ methods }) => methods.test(name));

/** Every parameter that a path may need. */
const parameters = { namespace: NAMESPACE, name: "target", path: "some/path", logpath: "x" };

describe.each(classes.filter(isGap))("$name", (api) => {
  it("is not served", async () => {
    const call = api.bind(config);
    for (const { name } of api.methods) {
      const asked = call(name)({ ...parameters, body: {} });
      await expect(asked, name).rejects.toMatchObject({ code: 404 });
    }
  });
});

const generated = classes.filter((api) => !isGap(api) && api.name !== "CustomObjectsApi");

describe.each(generated)("$name", (api) => {
  const about = (kind: string) =>
    api.methods.filter((method) => method.kind === kind && answerOf(method) === undefined);

  it("describes itself", async () => {
    const call = api.bind(config);
    for (const { name } of about("").concat(about("APIGroup"), about("APIResources"))) {
      await expect(call(name)({}), name).resolves.toBeDefined();
    }
  });

  const kindsHere = kindsOf(api).filter((kind) => !kind.startsWith("API") || kind === "APIService");
  it.each(kindsHere.filter((kind) => about(kind).length > 0))("%s", async (kind) => {
    const methods = about(kind);
    const answered = new Set<string>();
    await exercise({
      methods,
      call: api.bind(config),
      namespace: NAMESPACE,
      existing: kind === "ComponentStatus" ? "etcd-0" : "",
      make: () => make(kind, api.name),
      bodyOf,
      done: (method) => answered.add(method),
    });
    expect([...answered].sort()).toEqual(methods.map(({ name }) => name).sort());
  });
});

it("what needs a kubelet or another protocol is refused in words", async () => {
  const client = server.client();
  await client.for("pods").create(podOf("target"), NAMESPACE);
  await client.for("nodes").create({ spec: {}, metadata: { name: "target" } });
  const spec = { ports: [{ port: 80 }] };
  await client.for("services").create({ spec, metadata: { name: "target" } }, NAMESPACE);
  await client.for("endpoints").create({ metadata: { name: "target" } }, NAMESPACE);
  const wrong: string[] = [];
  for (const api of generated) {
    const call = api.bind(config);
    for (const method of api.methods) {
      const answer = answerOf(method);
      if (answer === undefined) continue;
      const outcome = await call(method.name)(parameters).then(
        () => 200,
        (error: unknown) => (error instanceof ApiException ? error.code : String(error)),
      );
      if (outcome !== answer.code) wrong.push(`${method.name}: ${outcome}, not ${answer.code}`);
    }
  }
  expect(wrong).toEqual([]);
});

describe("CustomObjectsApi", () => {
  const api = classes.find(({ name }) => name === "CustomObjectsApi") as ApiClass;
  const asMergePatch = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
  /** It reaches built-in kinds as well as custom ones. */
  const kindsOfIt = {
    Namespaced: { apiVersion: "apps/v1", kind: "Deployment", plural: "deployments" },
    Cluster: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      plural: "clusterroles",
    },
  };
  const isBeyond = (method: string): boolean => /ClusterCustomObject(Scale|Status)$/.test(method); // no built-in kind of RBAC has them

  const orderOf = (method: string): number =>
    ["create", "get", "list", "patch", "replace", "deleteCollection", "delete"].findIndex((verb) =>
      method.startsWith(verb),
    );

  it("works with built-in kinds", async () => {
    const call = api.bind(config);
    const names = { Namespaced: "", Cluster: "" };
    const answered: string[] = ["getAPIResources"];
    const parametersOf = (method: string) => {
      const scope = method.includes("Cluster") ? "Cluster" : "Namespaced";
      const { apiVersion, kind, plural } = kindsOfIt[scope];
      const [group = "", version = ""] = apiVersion.split("/");
      return { scope, kind, base: { group, version, plural, namespace: NAMESPACE } } as const;
    };
    await call("getAPIResources")({ group: "apps", version: "v1" });
    const create = async (method: string) => {
      const { scope, kind, base } = parametersOf(method);
      const body = await make(kind, classNameOf(kindsOfIt[scope].apiVersion));
      await call(`create${scope}CustomObject`)({ ...base, body });
      names[scope] = body.metadata?.name ?? "";
    };
    const methods = api.methods.map(({ name }) => name).filter((name) => !answered.includes(name));
    for (const method of methods.sort((a, b) => orderOf(a) - orderOf(b))) {
      const { scope, base } = parametersOf(method);
      const target = { ...base, name: names[scope] };
      if (isBeyond(method)) {
        const asked = call(method)({ ...target, body: {} });
        await expect(asked, method).rejects.toMatchObject({ code: 404 });
      } else if (method.startsWith("create")) await create(method);
      else if (method.startsWith("patch")) {
        await call(method)({ ...target, body: { spec: {} } }, asMergePatch);
      } else if (method.startsWith("replace")) {
        const body = await call(method.replace("replace", "get"))(target);
        await call(method)({ ...target, body });
      } else if (method.startsWith("deleteCollection")) {
        await call(method)({ ...target, labelSelector: "none=such" });
      } else await call(method)(target);
      answered.push(method);
    }
    expect(answered.sort()).toEqual(api.methods.map(({ name }) => name).sort());
  });
});

it("KubernetesObjectApi finds each kind's path by discovery", async () => {
  const api = KubernetesObjectApi.makeApiClient(config);
  const header = { apiVersion: "apps/v1", kind: "Deployment" };
  const made = await api.create(await make("Deployment", "AppsV1Api").then(inNamespace));
  const metadata = { name: made.metadata?.name ?? "", namespace: NAMESPACE };
  const read = await api.read({ ...header, metadata });
  expect(read.metadata?.uid).toBe(made.metadata?.uid);
  await api.replace({ ...read, ...header });
  const labels = { patched: "yes" };
  const strategy = PatchStrategy.MergePatch;
  const change = { ...header, metadata: { ...metadata, labels } };
  await api.patch(change, undefined, undefined, undefined, undefined, strategy);
  const { items } = await api.list(
    "apps/v1",
    "Deployment",
    NAMESPACE,
    undefined,
    undefined,
    undefined,
    undefined,
    "patched=yes",
  );
  expect(items.map((item) => item.metadata?.name)).toEqual([metadata.name]);
  await api.delete({ ...header, metadata });
  await expect(api.read({ ...header, metadata })).rejects.toMatchObject({ code: 404 });
});

const inNamespace = (object: KubernetesObject): KubernetesObject => ({
  ...object,
  metadata: { ...object.metadata, namespace: NAMESPACE },
});
