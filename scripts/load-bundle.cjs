// Becomes dist/load-bundle.cjs: runs a bundle beside it with the code that V8 compiled at build time, which saves a third of the
// time that a process needs to start. Without a fitting cache (another version of node) it starts all the same.
// CommonJS: to make an ES module of node:fs, node evaluates parts of it that nothing here needs (10 ms).
const { readFileSync, renameSync, writeFileSync } = require("node:fs");
const { Script } = require("node:vm");

/** Returns the exports of dist/<name>.cjs, which is one function of the names that CommonJS provides. */
module.exports = function loadBundle(name) {
  const file = `${__dirname}/${name}.cjs`;
  const cacheFile = `${__dirname}/${name}.cache`;
  const script = new Script(readFileSync(file, "latin1"), {
    filename: file,
    cachedData: readCache(cacheFile),
  });
  // Set by scripts/code-cache.mjs: what was compiled up to the end of this process is kept.
  if (process.env.CORACLE_WRITE_CODE_CACHE === "1") {
    process.on("exit", () => {
      writeFileSync(`${cacheFile}.tmp`, script.createCachedData());
      renameSync(`${cacheFile}.tmp`, cacheFile);
    });
  }
  const bundle = { exports: {} };
  script.runInThisContext()(require, bundle, bundle.exports, file, __dirname);
  return bundle.exports;
};

function readCache(file) {
  try {
    return readFileSync(file);
  } catch {
    return undefined; // not made (yet)
  }
}
