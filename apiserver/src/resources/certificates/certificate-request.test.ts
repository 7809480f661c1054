import { expect, test } from "vitest";
import { certificateRequestFinding, parseCertificateRequest } from "./certificate-request.ts";
import { DerError, readAll, readDer, readObjectIdentifier } from "./der-reader.ts";
import { pemBlocks } from "./pem.ts";

/** CN=jane, O=devs, on a P-256 key. */
const REQUEST = `-----BEGIN CERTIFICATE REQUEST-----
MIHaMIGAAgEAMB4xDTALBgNVBAMMBGphbmUxDTALBgNVBAoMBGRldnMwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAQHjg0IbKkgTZVFrW4pgF3196u3zacPODUrVWqF
xfTOdZF8SP7/SpOhp3hAxH16wnTCeMrtXjFzy4nVmHIf/aphoAAwCgYIKoZIzj0E
AwIDSQAwRgIhAM9+Y7tdLiX4evbXVD+NA2Pcgh2NQ34YSEbrYRd9ToJBAiEAhNtP
njJJMV42gJFt681As1ZBGkEW2JCDsOPsmwBU3/g=
-----END CERTIFICATE REQUEST-----
`;

const base64 = (text: string) => Buffer.from(text).toString("base64");
const request = base64(REQUEST);
const der = Buffer.from(REQUEST.replace(/-----[A-Z ]+-----|\s/g, ""), "base64");
const framed = (bytes: Buffer) =>
  base64(
    `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`,
  );

test("a request tells its organisations", () => {
  expect(parseCertificateRequest(request).organizations).toEqual(["devs"]);
  expect(certificateRequestFinding(request)).toBeUndefined();
});

test("each changed bit is found", () => {
  for (let at = 0; at < der.length; at++) {
    const changed = Buffer.from(der);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect(certificateRequestFinding(framed(changed)), `byte ${at}`).toBeTypeOf("string");
  }
});

test("each shortened request is found", () => {
  for (let length = 0; length < der.length; length++) {
    expect(certificateRequestFinding(framed(der.subarray(0, length)))).toBeTypeOf("string");
  }
});

test("PEM blocks that are not well-formed are skipped", () => {
  const good = "-----BEGIN A-----\nk: v\n\naGk=\n-----END A-----\n";
  const text = `x\n-----BEGIN A-----\n***\n-----END A-----\n${good}-----BEGIN B-----\naGk=\n-----END C-----\n`;
  expect(pemBlocks(text)).toEqual([{ type: "A", headers: { k: "v" }, bytes: Buffer.from("hi") }]);
});

test("DER lengths of several bytes, and what is no DER", () => {
  const long = Buffer.concat([Buffer.from([0x04, 0x82, 0x01, 0x00]), Buffer.alloc(256)]);
  expect(readDer(long).content).toHaveLength(256);
  expect(readAll(Buffer.from([2, 1, 5, 2, 1, 6])).map(({ content }) => content[0])).toEqual([5, 6]);
  for (const bytes of [[], [4], [4, 0x80], [4, 0x85, 1, 1, 1, 1, 1], [4, 5, 0]]) {
    expect(() => readDer(Buffer.from(bytes))).toThrow(DerError);
  }
  const sha256WithRsa = Buffer.from("2a864886f70d01010b", "hex");
  expect(readObjectIdentifier(sha256WithRsa)).toBe("1.2.840.113549.1.1.11");
});
