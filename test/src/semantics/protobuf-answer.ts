// Protobuf answers as the JSON that they stand for.
import { kindTypeName, META } from "@coracle/apiserver/encoding/body-document";
import { decodeEnvelope } from "@coracle/apiserver/encoding/protobuf";
import { Reader } from "@coracle/apiserver/encoding/protobuf-wire";

export function readProtobuf(body: Buffer): unknown {
  const envelope = decodeEnvelope(body);
  const isMeta = envelope.group === "meta.k8s.io";
  const typeName = isMeta ? `${META}.${envelope.kind}` : kindTypeName(envelope);
  if (typeName === undefined) return { kind: envelope.kind, unreadable: true };
  const { group, version, kind } = envelope;
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = envelope.decode(typeName);
  return { kind, apiVersion: group === "" ? version : `${group}/${version}`, ...rest };
}

const LENGTH_BYTES = 4;

/** The whole frames at the start of `bytes`, and how many bytes they take. */
export function readFrames(bytes: Buffer): { events: unknown[]; taken: number } {
  const events: unknown[] = [];
  let at = 0;
  while (bytes.length - at >= LENGTH_BYTES) {
    const end = at + LENGTH_BYTES + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    events.push(readWatchEvent(new Reader(bytes, at + LENGTH_BYTES, end)));
    at = end;
  }
  return { events, taken: at };
}

function readWatchEvent(reader: Reader): unknown {
  let type = "";
  let object: unknown;
  while (!reader.done) {
    const { number, wireType } = reader.field("WatchEvent");
    if (number === 1) type = reader.string();
    else if (number === 2) object = readRaw(reader.message());
    else reader.skip(wireType);
  }
  return { type, object };
}

function readRaw(reader: Reader): unknown {
  reader.field("RawExtension");
  return readProtobuf(reader.bytes());
}
