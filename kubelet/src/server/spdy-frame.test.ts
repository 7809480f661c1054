import { deflateSync } from "node:zlib";
import { expect, it } from "vitest";
import { controlFrame, dataHead, type Frame, frameTypes, readFrames, words } from "./spdy-frame.ts";
import { HeaderBlockReader, HeaderBlockWriter, spdyDictionary } from "./spdy-header-block.ts";

async function framesOf(parts: Iterable<Buffer>): Promise<Frame[]> {
  async function* source() {
    yield* parts;
  }
  const frames: Frame[] = [];
  for await (const frame of readFrames(source())) frames.push(frame);
  return frames;
}

const STREAM = Buffer.concat([
  controlFrame(frameTypes.ping, words(1)),
  dataHead(5, 3, true),
  Buffer.from("abc"),
  dataHead(5, 0, false),
]);
const FRAMES: Frame[] = [
  { kind: "control", type: frameTypes.ping, flags: 0, payload: words(1) },
  { kind: "data", streamId: 5, isLast: true, payload: Buffer.from("abc") },
  { kind: "data", streamId: 5, isLast: false, payload: Buffer.alloc(0) },
];

it("cuts frames, wherever the bytes are cut", async () => {
  expect(await framesOf([STREAM])).toEqual(FRAMES);
  expect(await framesOf([...STREAM].map((byte) => Buffer.from([byte])))).toEqual(FRAMES);
  for (let at = 1; at < STREAM.length; at++) {
    expect(await framesOf([STREAM.subarray(0, at), STREAM.subarray(at)])).toEqual(FRAMES);
  }
});

it("refuses another version, and control frames beyond all measure", async () => {
  await expect(framesOf([Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0])])).rejects.toThrow("version 2");
  await expect(framesOf([Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0, 0])])).rejects.toThrow(
    "control frame",
  );
});

it("writes header blocks that share one zlib stream", async () => {
  const writer = new HeaderBlockWriter();
  const reader = new HeaderBlockReader();
  expect(await reader.read(writer.write({}))).toEqual({});
  expect(await reader.read(writer.write({ a: "1", bc: "äöü" }))).toEqual({ a: "1", bc: "äöü" });
  reader.close();
});

it("reads a block that was compressed with the dictionary; the first of several values counts", async () => {
  const pair = Buffer.concat([
    words(1),
    words(4),
    Buffer.from("DATE"),
    words(3),
    Buffer.from("x\0y"),
  ]);
  const reader = new HeaderBlockReader();
  expect(await reader.read(deflateSync(pair, { dictionary: spdyDictionary }))).toEqual({
    date: "x",
  });
  reader.close();
});

it("refuses a block that is no zlib stream", async () => {
  await expect(new HeaderBlockReader().read(Buffer.from("nonsense"))).rejects.toThrow();
});
