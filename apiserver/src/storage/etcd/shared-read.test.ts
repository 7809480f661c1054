import { expect, test } from "vitest";
import { SharedRead } from "./shared-read.ts";

interface Read {
  resolve(value: number): void;
  reject(error: Error): void;
}

function start() {
  const reads: Read[] = [];
  const shared = new SharedRead(
    () => new Promise<number>((resolve, reject) => reads.push({ resolve, reject })),
  );
  return { reads, shared };
}

test("who asks while a read is under way gets the next one, with others", async () => {
  const { reads, shared } = start();
  const first = shared.read();
  const later = [shared.read(), shared.read()];
  expect(reads).toHaveLength(1);
  reads[0]?.resolve(1);
  expect(await first).toBe(1);
  expect(reads).toHaveLength(2);
  reads[1]?.resolve(2);
  expect(await Promise.all(later)).toEqual([2, 2]);
});

test("when a read fails, who waited fails with it, and the next who asks gets a new one", async () => {
  const { reads, shared } = start();
  const asked = Promise.allSettled([shared.read(), shared.read(), shared.read()]);
  reads[0]?.reject(new Error("away"));
  expect((await asked).map(({ status }) => status)).toEqual(Array(3).fill("rejected"));
  expect(reads).toHaveLength(1);
  const next = shared.read();
  reads[1]?.resolve(3);
  expect(await next).toBe(3);
});
