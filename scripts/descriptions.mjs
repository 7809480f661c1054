// The texts of `kubectl explain`: upstream's documentation, read out of a development dependency and shipped beside the
// bundles, not kept in the project.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./stale.mjs";

const MODELS = join(root, "node_modules/@kubernetes/client-node/dist/gen/models");
const COLLECT = `
  import { typeFacts } from "@coracle/shared/api/facts";
  import { clientNodeDescriptions, collectDescriptions } from "./apiserver/src/encoding/openapi-descriptions.ts";
  const names = Object.keys(typeFacts);
  const fieldsOf = (name) => (typeFacts[name].fields ?? []).map((field) => field.name);
  const descriptions = clientNodeDescriptions(${JSON.stringify(MODELS)});
  const ofEveryKind = (field) => descriptions.ofField("io.k8s.api.core.v1.Pod", field);
  export const table = {
    "": { apiVersion: ofEveryKind("apiVersion"), kind: ofEveryKind("kind") },
    ...collectDescriptions(names, fieldsOf, descriptions),
  };
`;

export async function writeDescriptions(target) {
  const folder = join(root, "node_modules/.cache/coracle-build");
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, "descriptions.mjs");
  const stdin = { contents: COLLECT, resolveDir: root, loader: "ts" };
  await build({ stdin, bundle: true, platform: "node", format: "esm", target: "node20", outfile });
  const { table } = await import(pathToFileURL(outfile).href);
  writeFileSync(target, JSON.stringify(table));
}
