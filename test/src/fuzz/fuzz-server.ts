// The server under test as a process of its own: what hangs it or ends it shows from outside, and its heap is only its own.
// Speaks with the test over IPC: `{ ready }`, `{ failed }` for each error that it logs, `{ heap }` when asked.
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { startApiServer } from "../harness/api-server.ts";
import { fuzzKubelet } from "./fuzz-kubelet.ts";

export type FromServer =
  | { ready: { url: string; token: string; kubeletPort: number } }
  | { failed: { url: string; why: string } }
  | { heap: { usedBytes: number; residentBytes: number; open: number } };

const HISTORY_MS = 2000;
const WATCH_HISTORY_BYTES = 4096;

const tell = (message: FromServer): void => void process.send?.(message);

const errors = new (class {
  write(line: string): void {
    const { url = "", err } = JSON.parse(line) as { url?: string; err?: { stack?: string } };
    tell({ failed: { url, why: err?.stack ?? line } });
  }
})();

const directory = mkdtempSync(join(tmpdir(), "coracle-fuzz-"));
// What is kept of the past is kept short, so that what grows nevertheless shows.
const server = await startApiServer(
  { engine: "level", directory, holder: "the fuzzer", sync: false, historyMs: HISTORY_MS },
  undefined,
  { watchHistoryBytesMax: WATCH_HISTORY_BYTES },
  pino({ level: "error" }, errors),
);
const kubelet = fuzzKubelet(server.serving);
kubelet.listen(0, "127.0.0.1", () => {
  const { port } = kubelet.address() as AddressInfo;
  tell({ ready: { url: server.url, token: server.token, kubeletPort: port } });
});

process.on("disconnect", () => process.exit(1)); // the test is gone

process.on("message", async (message) => {
  if (message === "stop") {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
    process.exit(0);
  }
  // Twice: what the first leaves to finalizers, the second takes.
  globalThis.gc?.();
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  // Sockets, timers, files: what is open when nobody asks for anything.
  const open = process.getActiveResourcesInfo().length;
  tell({ heap: { usedBytes: heapUsed + external, residentBytes: rss, open } });
});
