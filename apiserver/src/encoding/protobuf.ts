// Kubernetes' protobuf bodies: four magic bytes, then `Unknown`, which names the kind and holds
// the object's message.
import { InterpretError, interpretGroupVersion, kindTypeName, META } from "./body-document.ts";
import type { GroupVersionKind } from "./decode-errors.ts";
import { diagnose } from "./diagnose.ts";
import { readJson } from "./json-document.ts";
import { normaliseValue, UNUSUAL } from "./normalise.ts";
import { readStruct } from "./protobuf-decode.ts";
import { writeStruct } from "./protobuf-encode.ts";
import { ProtobufError, Reader, Writer } from "./protobuf-wire.ts";

export { ProtobufError } from "./protobuf-wire.ts";

const MAGIC = Buffer.from("k8s\0", "latin1");

/** What a body says it is; `decode` reads the object as the type that it turned out to be. */
export interface Envelope extends GroupVersionKind {
  decode(typeName: string): Record<string, unknown>;
}

/** Throws ProtobufError. */
export function decodeEnvelope(body: Buffer): Envelope {
  if (body.length === 0) throw new ProtobufError("empty data");
  if (!body.subarray(0, 4).equals(MAGIC))
    throw new ProtobufError(
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    );
  if (body.length === 4) throw new ProtobufError("empty body");
  const reader = new Reader(body, 4);
  const type = { apiVersion: "", kind: "" };
  let raw = Buffer.alloc(0);
  while (!reader.done) {
    const { number, wireType } = reader.field("Unknown");
    if (number === 1) readTypeMeta(reader.message(), type);
    else if (number === 2) raw = reader.bytes() as Buffer<ArrayBuffer>;
    else reader.skip(wireType);
  }
  return {
    ...groupVersionOf(type.apiVersion),
    kind: type.kind,
    decode: (typeName) => normalised(typeName, readStruct(new Reader(raw), typeName)),
  };
}

function groupVersionOf(text: string): { group: string; version: string } {
  try {
    return interpretGroupVersion(text);
  } catch (error) {
    throw error instanceof InterpretError ? new ProtobufError(error.message) : error;
  }
}

/** What a message can get wrong is inside its strings: quantities and the like. */
function normalised(typeName: string, value: Record<string, unknown>): Record<string, unknown> {
  try {
    return normaliseValue(typeName, value, { keys: 0, tolerant: true });
  } catch (error) {
    if (error !== UNUSUAL) throw error;
    const { error: why } = diagnose(readJson(JSON.stringify(value)), typeName);
    throw new ProtobufError(why ?? "unexpected value");
  }
}

function readTypeMeta(reader: Reader, into: { apiVersion: string; kind: string }): void {
  while (!reader.done) {
    const { number, wireType } = reader.field("TypeMeta");
    if (number === 1) into.apiVersion = reader.string();
    else if (number === 2) into.kind = reader.string();
    else reader.skip(wireType);
  }
}

/** Kinds of discovery and metadata, which upstream serves as `v1` or of meta.k8s.io. */
const metaKinds = new Set([
  "APIGroup",
  "APIGroupList",
  "APIResourceList",
  "APIVersions",
  "PartialObjectMetadata",
  "PartialObjectMetadataList",
  "Status",
]);

function typeNameFor(kind: string, apiVersion: string): string {
  if (metaKinds.has(kind)) return `${META}.${kind}`;
  const found = kindTypeName({ ...interpretGroupVersion(apiVersion), kind });
  if (found === undefined)
    throw new ProtobufError(
      `object ${apiVersion}.${kind} does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message`,
    );
  return found;
}

/** An object or a list that has `kind` and `apiVersion`. Throws ProtobufError for a kind without
 *  facts. */
export function encodeProtobuf(value: object): Buffer {
  const { kind = "", apiVersion = "" } = value as { kind?: string; apiVersion?: string };
  const writer = new Writer();
  // contentType and contentEncoding, both empty.
  writer.string("");
  writer.varint(34);
  writer.string("");
  writer.varint(26);
  const before = writer.length;
  writeStruct(writer, typeNameFor(kind, apiVersion), value as Record<string, unknown>);
  writer.varint(writer.length - before);
  writer.varint(18);
  const type = writer.length;
  writer.string(kind);
  writer.varint(18);
  writer.string(apiVersion);
  writer.varint(10);
  writer.varint(writer.length - type);
  writer.varint(10);
  writer.bytes(MAGIC);
  return writer.finish();
}

/** One event of a watch in protobuf: its length in four bytes, then a WatchEvent that holds the
 *  object's whole body. */
export function encodeWatchFrame(type: string, object: Buffer): Buffer {
  const writer = new Writer(object.length + type.length + 32);
  writer.bytes(object);
  writer.varint(object.length);
  writer.varint(10);
  writer.varint(writer.length);
  writer.varint(18);
  writer.string(type);
  writer.varint(10);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(writer.length);
  writer.bytes(length);
  return writer.finish();
}
