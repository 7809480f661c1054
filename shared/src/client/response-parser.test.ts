import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headerOf, ResponseError, ResponseParser } from "./response-parser.ts";

/** What a sink is told, with the chunks of the body put together. */
function collect(parts: readonly Buffer[], { method = "GET", closed = false } = {}) {
  const seen = { status: 0, head: "", body: "", ends: 0, isWhole: false };
  const parser = new ResponseParser(method, {
    onHead: (status, head) => Object.assign(seen, { status, head }),
    onBody: (chunk) => {
      seen.body += chunk.toString("latin1");
    },
    onEnd: () => {
      seen.ends++;
    },
  });
  for (const part of parts) parser.feed(part);
  if (closed) seen.isWhole = parser.close();
  return seen;
}

const bytes = (text: string) => Buffer.from(text, "latin1");

const OK = "HTTP/1.1 200 OK\r\n";
const responses: [name: string, text: string, status: number, body: string][] = [
  ["a length", `${OK}Content-Length: 5\r\n\r\nhello`, 200, "hello"],
  ["no bytes", "HTTP/1.1 409 Conflict\r\ncontent-length: 0\r\n\r\n", 409, ""],
  ["no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""],
  [
    "chunks",
    `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\n\r\n`,
    200,
    "hello",
  ],
  [
    "line ends in a chunk",
    `${OK}transfer-encoding: chunked\r\n\r\nA\r\na\r\n0\r\n\r\nbb\r\n0\r\n\r\n`,
    200,
    "a\r\n0\r\n\r\nbb",
  ],
  [
    "trailers",
    `${OK}transfer-encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\n\r\n`,
    200,
    "a",
  ],
  [
    "an interim response first",
    `HTTP/1.1 100 Continue\r\nx: y\r\n\r\n${OK}content-length: 1\r\n\r\na`,
    200,
    "a",
  ],
  ["no reason phrase", "HTTP/1.1 200\r\ncontent-length: 1\r\n\r\na", 200, "a"],
];

describe("ResponseParser", () => {
  it.each(responses)("reads a response with %s, however it is cut", (_name, text, status, body) => {
    const cuts = fc.array(fc.integer({ min: 0, max: text.length }), { maxLength: 6 });
    const whole = bytes(text);
    fc.assert(
      fc.property(cuts, (places) => {
        const sorted = [0, ...places.toSorted((a, b) => a - b), whole.length];
        const parts = sorted.slice(1).map((end, i) => whole.subarray(sorted[i], end));
        expect(collect(parts)).toMatchObject({ status, body, ends: 1 });
      }),
    );
    expect(collect([...whole].map((byte) => Buffer.from([byte])))).toMatchObject({ body, ends: 1 });
  });

  it("has no body after HEAD, whatever its length says", () => {
    const head = bytes(`${OK}content-length: 5\r\n\r\n`);
    expect(collect([head], { method: "HEAD" })).toMatchObject({ status: 200, body: "", ends: 1 });
  });

  it("without a length ends with the connection", () => {
    const parts = [bytes(`${OK}x: y\r\n\r\nhel`), bytes("lo")];
    expect(collect(parts)).toMatchObject({ body: "hello", ends: 0 });
    expect(collect(parts, { closed: true })).toMatchObject({ ends: 1, isWhole: true });
  });

  it.each(responses)("is not whole when the connection ends before it is: %s", (_name, text) => {
    const cut = bytes(text).subarray(0, -1);
    expect(collect([cut], { closed: true })).toMatchObject({ ends: 0, isWhole: false });
  });

  it.each([
    ["another protocol", "SSH-2.0-x\r\n\r\n"],
    ["another version", "HTTP/2 200 OK\r\n\r\n"],
    ["a length that is none", `${OK}content-length: -1\r\n\r\n`],
    ["two lengths in one", `${OK}content-length: 1, 2\r\n\r\n`],
    ["a chunk without a size", `${OK}transfer-encoding: chunked\r\n\r\nx\r\n`],
    ["a chunk that is longer", `${OK}transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n`],
    ["more than was asked for", `${OK}content-length: 1\r\n\r\nab`],
    ["a header without end", `${OK}${"x: y\r\n".repeat(100_000)}`],
    ["a size without end", `${OK}transfer-encoding: chunked\r\n\r\n${"1".repeat(20_000)}`],
  ])("refuses %s", (_name, text) => {
    expect(() => collect([bytes(text)])).toThrow(ResponseError);
  });
});

describe("headerOf", () => {
  const head =
    "HTTP/1.1 200 OK: x\r\nContent-Type:  application/json \r\nEmpty:\r\nx-content-type: no";

  it.each([
    ["content-type", "application/json"],
    ["empty", ""],
    ["x-content-type", "no"],
    ["type", undefined],
    ["http/1.1 200 ok", undefined],
  ])("%s is %j", (name, value) => {
    expect(headerOf(head, name)).toBe(value);
  });
});
