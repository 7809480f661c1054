import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dataDirectory, lockDirectory, readRunning, unlockDirectory } from "./data-directory.ts";

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "coracle-data-"));
});
afterEach(() => rmSync(path, { recursive: true }));

const own = { pid: process.pid, port: 6443, nodes: 3, components: {} };

test("a lock names its owner and goes with it", () => {
  const directory = dataDirectory(path);
  expect(lockDirectory(directory, own)).toBeUndefined();
  expect(readRunning(directory)).toEqual(own);
  unlockDirectory(directory);
  expect(existsSync(directory.processFile)).toBe(false);
});

test("what a killed run left behind is handed to the next", () => {
  const directory = dataDirectory(path);
  const left = { ...own, pid: 1, components: { kubelet: 12345 } }; // process 1 is alive, but no coracle
  writeFileSync(directory.processFile, JSON.stringify(left));
  expect(lockDirectory(directory, own)).toEqual(left);
  expect(readRunning(directory)).toEqual(own);
});

test("a process file that was cut short belongs to nobody", () => {
  const directory = dataDirectory(path);
  writeFileSync(directory.processFile, '{"pid":');
  expect(lockDirectory(directory, own)).toBeUndefined();
  expect(readRunning(directory)).toEqual(own);
});
