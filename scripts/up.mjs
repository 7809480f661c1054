// npm run up [-- flags]: installs and builds when stale, then is `coracle up` in this same process.
import { prepare } from "./prepare.mjs";

// The time until ready, which `coracle up` prints, is not to count an installation.
if (await prepare()) process.env.CORACLE_START_MS = String(performance.now());
process.argv.splice(2, 0, "up");
await import("../dist/coracle.mjs");
