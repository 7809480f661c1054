// npm run build: bundles each component into dist/<component>.mjs, which starts in tens of milliseconds and needs no node_modules.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as bundle } from "esbuild";
import { apart, jsonAsText, lazily, withoutUnused } from "./bundle-plugins.mjs";
import { makeCodeCache } from "./code-cache.mjs";
import { writeDescriptions } from "./descriptions.mjs";
import { fingerprint, recordBuild, root } from "./stale.mjs";

const BINARIES = ["apiserver", "scheduler", "controller-manager", "kubelet", "coracle"];
const LAZY = ["yaml"];
/** Bundles of their own: name → what is imported (apart() in bundle-plugins.mjs) and bundled. */
const APART = {
  "just-bash": { imported: /^just-bash$/, entry: "just-bash", isWarmedUp: true },
  "etcd-grpc": {
    imported: /\/grpc-packages\.ts$/,
    entry: "./apiserver/src/storage/etcd/grpc-packages.ts",
    isWarmedUp: false,
  },
};
const LOADER = "load-bundle.cjs";
const dist = join(root, "dist");

/** The entry file of a binary: `coracle` is the cli. */
const entryOf = (binary) => join(root, binary === "coracle" ? "cli" : binary, "src/main.ts");

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  legalComments: "none",
  charset: "ascii", // load-bundle.cjs counts on it
  define: { "process.env.NODE_ENV": '"production"', "import.meta.url": "__moduleUrl" },
  // One function, which load-bundle.cjs calls.
  banner: {
    js: [
      "(function (require, module, exports, __filename, __dirname) {",
      'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;',
    ].join(" "),
  },
  footer: { js: "})" },
  logLevel: "warning",
};

async function bundleBinary(binary) {
  await bundle({
    ...common,
    entryPoints: [entryOf(binary)],
    outfile: join(dist, `${binary}.cjs`),
    plugins: [jsonAsText, withoutUnused, lazily(LAZY, root), apart(APART)],
  });
  const lines = [
    'import { createRequire } from "node:module";',
    `createRequire(import.meta.url)("./${LOADER}")("${binary}");`,
  ];
  writeFileSync(join(dist, `${binary}.mjs`), `${lines.join("\n")}\n`);
}

function bundleApart([name, { entry }]) {
  return bundle({
    ...common,
    entryPoints: [entry],
    outfile: join(dist, `${name}.cjs`),
    external: ["@mongodb-js/zstd"], // optional: just-bash says so when a script asks for it
  });
}

/** LevelDB's native binding, of every platform of the package: node-gyp-build looks in `prebuilds` beside the bundle. */
function copyNativeBinding() {
  const source = join(root, "node_modules/classic-level/prebuilds");
  for (const platform of readdirSync(source)) {
    mkdirSync(join(dist, "prebuilds", platform), { recursive: true });
    for (const file of readdirSync(join(source, platform))) {
      const target = join(dist, "prebuilds", platform, file);
      // An existing file may be mapped by a running API server; the package's version is pinned by the lock file.
      if (!existsSync(target)) copyFileSync(join(source, platform, file), target);
    }
  }
}

/** Removes what earlier versions of this script left behind. */
function removeOld() {
  const known = new Set([...BINARIES, ...Object.keys(APART), LOADER.replace(/\.cjs$/, "")]);
  for (const file of readdirSync(dist)) {
    const [, name] = /^(.+)\.(mjs|cjs|cache|tmp)$/.exec(file) ?? [];
    if (name !== undefined && !known.has(name)) rmSync(join(dist, file));
  }
}

export async function build() {
  const before = fingerprint(); // a source that changes while this runs leaves dist stale
  mkdirSync(dist, { recursive: true });
  await Promise.all([...BINARIES.map(bundleBinary), ...Object.entries(APART).map(bundleApart)]);
  copyFileSync(join(root, "scripts", LOADER), join(dist, LOADER));
  copyNativeBinding();
  await writeDescriptions(join(dist, "descriptions.json"));
  removeOld();
  const warm = Object.keys(APART).filter((name) => APART[name].isWarmedUp);
  const failure = await makeCodeCache(dist, [...BINARIES, ...warm]);
  if (failure !== undefined) console.warn(`without a code cache, starts are slower: ${failure}`);
  recordBuild(before);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const startMs = performance.now();
  await build();
  for (const file of readdirSync(dist).filter((name) => /\.(cjs|cache)$/.test(name))) {
    const { size } = statSync(join(dist, file));
    console.log(`${(size / 1024).toFixed(0).padStart(7)} kB  dist/${file}`);
  }
  console.log(`built in ${((performance.now() - startMs) / 1000).toFixed(2)} s`);
}
