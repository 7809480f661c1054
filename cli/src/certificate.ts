// X.509 certificates (RFC 5280) on P-256 keys, signed by the cluster's own CA.
import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { formatTime } from "@coracle/shared/runtime/clock";
import {
  bitString,
  boolean,
  context,
  contextPrimitive,
  type Der,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from "./der.ts";

export interface Subject {
  commonName: string;
  /** A client certificate's groups. */
  organizations?: readonly string[];
}

export interface CertificateRequest {
  subject: Subject;
  usage: "authority" | "server" | "client";
  /** DNS names and IP addresses of a server. */
  hosts?: readonly string[];
  notBeforeMs: number;
  notAfterMs: number;
}

/** PEM texts. */
export interface IssuedCertificate {
  certificate: string;
  key: string;
}

export interface Issuer {
  subject: Subject;
  key: KeyObject;
}

const ECDSA_WITH_SHA256 = sequence(objectIdentifier("1.2.840.10045.4.3.2"));
const EXTENDED_USAGE = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };
const SERIAL_BYTES = 16;
/** A P-256 point, the last field of its SubjectPublicKeyInfo. */
const POINT_BYTES = 65;

/** Without an issuer the certificate signs itself. */
export function issueCertificate(request: CertificateRequest, issuer?: Issuer): IssuedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = issuer ?? { subject: request.subject, key: privateKey };
  const toBeSigned = sequence(
    context(0, integer(Buffer.from([2]))), // version 3
    integer(serialNumber()),
    ECDSA_WITH_SHA256,
    distinguishedName(signer.subject),
    sequence(time(formatTime(request.notBeforeMs)), time(formatTime(request.notAfterMs))),
    distinguishedName(request.subject),
    publicKey.export({ type: "spki", format: "der" }),
    context(3, sequence(...extensions(request, publicKey, createPublicKey(signer.key)))),
  );
  const signature = sign("sha256", toBeSigned, signer.key);
  return {
    certificate: pem("CERTIFICATE", sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(signature))),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function extensions(request: CertificateRequest, own: KeyObject, issuing: KeyObject): Der[] {
  const isAuthority = request.usage === "authority";
  const list = [
    extension("2.5.29.19", isAuthority ? sequence(boolean(true)) : sequence(), true), // basic constraints
    // key usage: digitalSignature + keyCertSign + cRLSign for a CA, digitalSignature for the rest
    extension("2.5.29.15", isAuthority ? keyUsage(0b10000110, 1) : keyUsage(0b10000000, 7), true),
    extension("2.5.29.14", octetString(keyIdentifier(own))),
    extension("2.5.29.35", sequence(contextPrimitive(0, keyIdentifier(issuing)))),
  ];
  if (request.usage !== "authority") {
    const purpose = objectIdentifier(EXTENDED_USAGE[request.usage]);
    list.push(extension("2.5.29.37", sequence(purpose)));
  }
  if (request.hosts !== undefined) {
    list.push(extension("2.5.29.17", sequence(...request.hosts.map(alternativeName))));
  }
  return list;
}

function extension(oid: string, value: Der, critical = false): Der {
  const flag = critical ? [boolean(true)] : [];
  return sequence(objectIdentifier(oid), ...flag, octetString(value));
}

const keyUsage = (bits: number, unusedBits: number) => bitString(Buffer.from([bits]), unusedBits);

/** Host names hold no colon, and not only digits and dots. */
export function isAddress(host: string): boolean {
  return host.includes(":") || /^[\d.]+$/.test(host);
}

function alternativeName(host: string): Der {
  if (host.includes(":")) return contextPrimitive(7, ipv6Bytes(host));
  if (isAddress(host)) return contextPrimitive(7, Buffer.from(host.split(".").map(Number)));
  return contextPrimitive(2, Buffer.from(host, "latin1"));
}

function ipv6Bytes(address: string): Buffer {
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros = Array<string>(8 - left.length - right.length).fill("0");
  const words = [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
  return Buffer.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}

/** Organisations come first, as Go writes them. */
function distinguishedName({ commonName, organizations = [] }: Subject): Der {
  const attribute = (oid: string, text: string) =>
    set(sequence(objectIdentifier(oid), utf8String(text)));
  return sequence(
    ...organizations.map((name) => attribute("2.5.4.10", name)),
    attribute("2.5.4.3", commonName),
  );
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  const point = publicKey.export({ type: "spki", format: "der" }).subarray(-POINT_BYTES);
  return createHash("sha1").update(point).digest();
}

/** Positive, and with a first byte that is not 0, so that it is minimal DER. */
function serialNumber(): Buffer {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function pem(label: string, der: Der): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
