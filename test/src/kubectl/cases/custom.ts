// A kind that the cluster's users define.
import assert from "node:assert/strict";
import { casesOf } from "../case.ts";
import { documents } from "../manifests.ts";
import type { Terminal } from "../terminal.ts";

const row = casesOf("custom");
const notBuilt = { notYet: "custom resources are not built yet" };

const spec = {
  type: "object",
  description: "What is wanted.",
  required: ["size"],
  properties: {
    size: { type: "integer", minimum: 1, description: "How big." },
    parts: { type: "array", items: { type: "string" } },
  },
};

/** One group a case, so that cases do not meet: `gizmos.k33-crd-create.example.com`. */
const groupOf = (t: Terminal): string => `${t.name}.example.com`;
const shortName = (t: Terminal): string => `gz${t.name.replaceAll("-", "")}`;

const definition = (t: Terminal) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `gizmos.${groupOf(t)}` },
  spec: {
    group: groupOf(t),
    scope: "Namespaced",
    names: { plural: "gizmos", singular: "gizmo", kind: "Gizmo", shortNames: [shortName(t)] },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size" },
        },
        additionalPrinterColumns: [
          { name: "Size", type: "integer", jsonPath: ".spec.size" },
          { name: "Parts", type: "string", jsonPath: ".spec.parts", priority: 1 },
        ],
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec,
              status: { type: "object", properties: { size: { type: "integer" } } },
            },
          },
        },
      },
    ],
  },
});

const gizmo = (t: Terminal, name: string, gizmoSpec: object) => ({
  apiVersion: `${groupOf(t)}/v1`,
  kind: "Gizmo",
  metadata: { name },
  spec: gizmoSpec,
});

async function define(t: Terminal): Promise<string> {
  const name = `gizmos.${groupOf(t)}`;
  await t.ok("create -f -", { input: documents(definition(t)) });
  await t.ok(`wait --for=condition=Established crd/${name} --timeout=${t.patience}`);
  await t.soon(() => t.ok("create -f -", { input: documents(gizmo(t, "one", { size: 1 })) }));
  return name;
}

const kindCase = (id: string, command: string, run: (t: Terminal, name: string) => Promise<void>) =>
  row(
    id,
    command,
    async (t) => {
      const name = await define(t);
      await run(t, name);
      await t.ok(`delete crd ${name}`);
    },
    notBuilt,
  );

export const customCases = [
  row(
    "crd-create",
    "create -f (a CRD), get crd",
    async (t) => {
      const name = `gizmos.${groupOf(t)}`;
      await t.says(
        "create -f -",
        `customresourcedefinition.apiextensions.k8s.io/${name} created\n`,
        { input: documents(definition(t)) },
      );
      await t.says(
        `wait --for=condition=Established crd/${name} --timeout=${t.patience}`,
        /condition met\n$/,
      );
      await t.says(`get crd ${name}`, /^NAME +CREATED AT\ngizmos\.\S+ +\d{4}-\S+Z\n$/);
      await t.soonSays(
        `api-resources --api-group=${groupOf(t)} --cached=false -o name`,
        `${name}\n`,
      );
      await t.ok(`delete crd ${name}`);
    },
    notBuilt,
  ),

  kindCase("crd-read", "get (short names, own columns)", async (t, name) => {
    await t.says(`get ${shortName(t)}`, /^NAME +SIZE\none +1\n$/);
    await t.says(`get ${name} one -o wide`, /^NAME +SIZE +PARTS\none +1 +\n$/);
    await t.says(`get gizmo.${groupOf(t)}/one -o jsonpath={.spec.size}`, "1");
    assert.match(await t.ok(`describe ${name} one`), /^Name: +one\n(.*\n)*Kind: +Gizmo\n/);
  }),

  kindCase("crd-explain", "explain", async (t, name) => {
    await t.soonSays(
      `explain ${name}.spec`,
      /^DESCRIPTION:\n {4}What is wanted\.\n(.*\n)*FIELDS:\n {2}parts\t<\[\]string>\n(.*\n)* {2}size\t<integer> -required-\n {4}How big\./m,
    );
  }),

  kindCase("crd-change", "apply, patch, scale, --subresource", async (t, name) => {
    t.write("two.json", gizmo(t, "two", { size: 2, parts: ["a"] }));
    await t.says("apply -f two.json", `gizmo.${groupOf(t)}/two created\n`);
    await t.says("apply -f two.json", `gizmo.${groupOf(t)}/two unchanged\n`);
    await t.says(
      `patch ${name} two --type=merge -p '{"spec":{"parts":["b"]}}'`,
      `gizmo.${groupOf(t)}/two patched\n`,
    );
    await t.says(`scale ${name} two --replicas=5`, `gizmo.${groupOf(t)}/two scaled\n`);
    await t.says(`get ${name} two -o jsonpath={.spec}`, '{"parts":["b"],"size":5}');
    await t.fails(
      `patch ${name} two -p '{"spec":{"size":3}}'`,
      /application\/strategic-merge-patch\+json is not supported|UnsupportedMediaType/,
    );
    await t.ok(`patch ${name} two --subresource=status --type=merge -p '{"status":{"size":5}}'`);
    await t.says(`get ${name} two -o jsonpath={.status.size}`, "5");
    await t.says(
      "apply --server-side --force-conflicts -f two.json",
      `gizmo.${groupOf(t)}/two serverside-applied\n`,
    );
  }),

  kindCase("crd-strict", "create (refused by its schema)", async (t) => {
    const unknown = documents(gizmo(t, "bad", { size: 1, colour: "red" }));
    await t.fails("create -f -", /strict decoding error: unknown field "spec\.colour"/, {
      input: unknown,
    });
    await t.warns("create -f - --validate=warn", /^Warning: unknown field "spec\.colour"\n/, {
      input: unknown,
    });
    await t.fails(
      "create -f - --validate=false",
      /spec\.size: Invalid value: 0: spec\.size in body should be greater than or equal to 1/,
      {
        input: documents(gizmo(t, "small", { size: 0 })),
      },
    );
    await t.fails("create -f - --validate=false", /spec\.size: Required value/, {
      input: documents(gizmo(t, "none", {})),
    });
  }),

  row(
    "crd-delete",
    "delete crd (its objects go with it)",
    async (t) => {
      const name = await define(t);
      assert.equal(
        await t.ok(`delete crd ${name}`),
        `customresourcedefinition.apiextensions.k8s.io "${name}" deleted\n`,
      );
      await t.soon(() =>
        t.fails(
          `get ${name}`,
          /the server doesn't have a resource type|could not find the requested resource/,
        ),
      );
    },
    notBuilt,
  ),
];
