import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { kindTypeName } from "./body-document.ts";
import { normaliseValue } from "./normalise.ts";
import { decodeEnvelope, encodeProtobuf, encodeWatchFrame, ProtobufError } from "./protobuf.ts";

const folder = new URL("testdata/", import.meta.url);
const vectors = readdirSync(folder)
  .filter((file) => file.endsWith(".pb"))
  .map((file) => file.slice(0, -3));

const read = (name: string): { json: Record<string, unknown>; wire: Buffer } => ({
  json: JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Record<
    string,
    unknown
  >,
  wire: readFileSync(new URL(`${name}.pb`, folder)),
});

/** Kinds of the meta group, which the core group's vectors name. */
const metaKinds = new Set(["APIGroup", "APIVersions", "WatchEvent"]);

function typeNameOf(name: string, wire: Buffer): string {
  const kind = name.slice(name.lastIndexOf(".") + 1);
  if (metaKinds.has(kind)) return `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`;
  return kindTypeName(decodeEnvelope(wire)) as string;
}

describe("wire vectors, every field of a kind set", () => {
  it("are all there", () => expect(vectors.length).toBe(85));

  it.each(vectors)("%s decodes to its JSON, members in the same order", (name) => {
    const { json, wire } = read(name);
    const envelope = decodeEnvelope(wire);
    const object = envelope.decode(typeNameOf(name, wire));
    const complete = { kind: json.kind, apiVersion: json.apiVersion, ...object };
    expect(JSON.stringify(complete)).toBe(JSON.stringify(json));
  });

  // An event of a watch travels in frames, without an envelope: see below.
  const enveloped = vectors.filter((name) => !name.endsWith(".WatchEvent"));
  it.each(enveloped)("%s encodes to the same bytes", (name) => {
    const { json, wire } = read(name);
    expect(encodeProtobuf(json).equals(wire)).toBe(true);
  });

  it.each(vectors)("%s survives normalisation unchanged", (name) => {
    const { json, wire } = read(name);
    const object = normaliseValue(typeNameOf(name, wire), json, { keys: 0, tolerant: false });
    expect(JSON.stringify(object)).toBe(JSON.stringify(json));
  });
});

describe("protobuf bodies", () => {
  it("refuses what is none, with upstream's words", () => {
    const refusal = (body: string) => () => decodeEnvelope(Buffer.from(body, "latin1"));
    expect(refusal("")).toThrow(new ProtobufError("empty data"));
    expect(refusal("{}")).toThrow(
      /does not appear to be a protobuf message, expected prefix \[107 56 115 0\]/,
    );
    expect(refusal("k8s\0")).toThrow(new ProtobufError("empty body"));
    expect(refusal("k8s\0\x0a\x50")).toThrow(new ProtobufError("unexpected EOF"));
  });

  it("writes zero values that are no pointers and leaves absent pointers out", () => {
    const body = encodeProtobuf({ kind: "Scale", apiVersion: "autoscaling/v1", metadata: {} });
    const scale = decodeEnvelope(body).decode("io.k8s.api.autoscaling.v1.Scale");
    expect(scale).toEqual({ metadata: {}, spec: {}, status: { replicas: 0 } });
    // name "" of the metadata is on the wire: field 1, length 0.
    expect(body.includes(Buffer.from([0x0a, 0x00, 0x12, 0x00, 0x1a, 0x00]))).toBe(true);
  });

  it("takes no raw data with a number that could not be written again", () => {
    const text = (number: number, value: string) =>
      Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), Buffer.from(value)]);
    const raw = text(1, '{"a":[1e400]}').toString("latin1");
    const revision = text(2, raw).toString("latin1"); // ControllerRevision.data
    const type = text(1, "apps/v1") + text(2, "ControllerRevision").toString("latin1");
    const body = Buffer.from(`k8s\0${text(1, type)}${text(2, revision)}`, "latin1");
    expect(() => decodeEnvelope(body).decode("io.k8s.api.apps.v1.ControllerRevision")).toThrow(
      new ProtobufError("json: cannot unmarshal number 1e400 into Go value of type float64"),
    );
  });

  it("keeps negative and large integers", () => {
    const spec = { priority: -5, terminationGracePeriodSeconds: 2 ** 40, containers: null };
    const body = encodeProtobuf({ kind: "Pod", apiVersion: "v1", metadata: {}, spec });
    const pod = decodeEnvelope(body).decode("io.k8s.api.core.v1.Pod");
    expect(pod.spec).toEqual({ ...spec });
  });

  it("sorts the entries of a map", () => {
    const of = (data: object) => encodeProtobuf({ kind: "ConfigMap", apiVersion: "v1", data });
    expect(of({ b: "1", a: "2" }).equals(of({ a: "2", b: "1" }))).toBe(true);
  });

  it("frames a watch event as the vector has it in its envelope", () => {
    const { json, wire } = read("core.v1.WatchEvent");
    const { type, object } = json as { type: string; object: object };
    const frame = encodeWatchFrame(type, Buffer.from(JSON.stringify(object)));
    expect(wire.includes(frame.subarray(4))).toBe(true);
  });

  it("frames a watch event with its length", () => {
    const frame = encodeWatchFrame("ADDED", Buffer.from("k8s\0x"));
    expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
    expect(frame.subarray(4).toString("latin1")).toBe("\x0a\x05ADDED\x12\x07\x0a\x05k8s\0x");
  });
});
