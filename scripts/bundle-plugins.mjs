// What esbuild does differently for us, each for the time that a process needs to start.
import { readFileSync } from "node:fs";

const EMBEDDED_JSON_BYTES_MIN = 4096;

/** V8 reads JSON.parse("…") about twice as fast as the same text as an object literal. */
export const jsonAsText = {
  name: "json-as-text",
  setup(plugin) {
    plugin.onLoad({ filter: /\.json$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (text.length < EMBEDDED_JSON_BYTES_MIN) return undefined;
      const compact = JSON.stringify(JSON.parse(text));
      // Pure: left out where nothing uses it.
      const value = `/* @__PURE__ */ JSON.parse(${JSON.stringify(compact)})`;
      return { contents: `export default ${value};`, loader: "js" };
    });
  },
};

/** Fastify would load these to compile schemas, of which we have none: 600 kB that each start would read. */
const UNUSED = /^@fastify\/(ajv-compiler|fast-json-stringify-compiler)$/;

export const withoutUnused = {
  name: "without-unused",
  setup(plugin) {
    plugin.onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: "unused" }));
    plugin.onLoad({ filter: /.*/, namespace: "unused" }, ({ path }) => ({
      contents: `module.exports = () => () => { throw new Error("${path} is not bundled"); };`,
    }));
  },
};

/** Packages that are evaluated when something of them is first used: most processes never see YAML. */
export function lazily(packages, root) {
  return {
    name: "lazily",
    setup(plugin) {
      const filter = new RegExp(`^(${packages.join("|")})$`);
      plugin.onResolve({ filter }, ({ path, namespace }) =>
        namespace === "lazy" ? undefined : { path, namespace: "lazy" },
      );
      plugin.onLoad({ filter: /.*/, namespace: "lazy" }, async ({ path }) => {
        const names = Object.keys(await import(path)).filter((name) => name !== "default");
        const lines = names.map((name) => `export const ${name} = later("${name}");`);
        return { contents: [lazyHead(path), ...lines].join("\n"), resolveDir: root };
      });
    },
  };
}

/** `later(name)` stands for a function or class of the package. */
const lazyHead = (path) => `const load = () => require("${path}");
const later = (name) => new Proxy(function () {}, {
  apply: (_, self, args) => load()[name].apply(self, args),
  construct: (_, args) => new (load()[name])(...args),
  get: (_, property) => load()[name][property],
});`;

/** Large packages that few processes need: bundles of their own (build.mjs), loaded when they are first required. */
export function apart(packages) {
  return {
    name: "apart",
    setup(plugin) {
      for (const [name, { imported }] of Object.entries(packages)) {
        plugin.onResolve({ filter: imported }, () => ({ path: name, namespace: "apart" }));
      }
      plugin.onLoad({ filter: /.*/, namespace: "apart" }, ({ path }) => ({
        contents: `module.exports = require("./load-bundle.cjs")("${path}");`,
      }));
      plugin.onResolve({ filter: /^\.\/load-bundle\.cjs$/, namespace: "apart" }, ({ path }) => ({
        path,
        external: true,
      }));
    },
  };
}
