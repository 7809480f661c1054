import { describe, expect, test } from "vitest";
import { binaryFrame, FrameReader } from "./websocket-frames.ts";

/** A server's frame: like a client's, without a mask. */
function unmasked(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  const length = (copy[1] as number) & 0x7f;
  copy[1] = length;
  const head = length === 127 ? 10 : length === 126 ? 4 : 2;
  return Buffer.concat([copy.subarray(0, head), copy.subarray(head + 4)]);
}

function read(chunks: readonly Buffer[]) {
  const messages: string[] = [];
  const answers: Buffer[] = [];
  let ended = false;
  const reader = new FrameReader({
    message: (payload) => messages.push(payload.toString()),
    answer: (bytes) => answers.push(bytes),
    end: () => {
      ended = true;
    },
  });
  for (const chunk of chunks) reader.push(chunk);
  return { messages, answers, ended };
}

describe("frames", () => {
  test.each([0, 1, 125, 126, 65_535, 65_536, 200_000])("of %i bytes", (length) => {
    const text = "x".repeat(length);
    const frame = binaryFrame(Buffer.from(text));
    expect((frame[1] as number) & 0x80).toBe(0x80);
    expect(read([unmasked(frame)]).messages).toEqual([text]);
  });

  test("come in pieces, and several at once", () => {
    const bytes = Buffer.concat(
      ["one", "two"].map((text) => unmasked(binaryFrame(Buffer.from(text)))),
    );
    const single = [...bytes].map((byte) => Buffer.from([byte]));
    expect(read(single).messages).toEqual(["one", "two"]);
    expect(read([bytes]).messages).toEqual(["one", "two"]);
  });

  test("of one message are joined, with a ping between them", () => {
    const { messages, answers } = read([
      Buffer.from([0x02, 1, 0x61]),
      Buffer.from([0x89, 1, 0x70]),
      Buffer.from([0x80, 1, 0x62]),
    ]);
    expect(messages).toEqual(["ab"]);
    expect(answers[0]?.[0]).toBe(0x8a);
    expect(answers[0]?.at(-1)).toBe(0x70);
  });

  test("the last one ends it", () => {
    expect(read([Buffer.from([0x88, 0])]).ended).toBe(true);
  });
});
