// PKCS #10 certificate signing requests (RFC 2986), with the findings of Go's crypto/x509 in its words.
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import {
  DER,
  DerError,
  type DerValue,
  readAll,
  readDer,
  readObjectIdentifier,
} from "./der-reader.ts";
import { pemBlocks } from "./pem.ts";

const ORGANIZATION = "2.5.4.10";

/** How the signature is made, by the algorithm's object identifier. */
const HASHES: Readonly<Record<string, { hash: string | null; key: string }>> = {
  "1.2.840.113549.1.1.5": { hash: "sha1", key: "rsa" },
  "1.2.840.113549.1.1.11": { hash: "sha256", key: "rsa" },
  "1.2.840.113549.1.1.12": { hash: "sha384", key: "rsa" },
  "1.2.840.113549.1.1.13": { hash: "sha512", key: "rsa" },
  "1.2.840.10045.4.1": { hash: "sha1", key: "ec" },
  "1.2.840.10045.4.3.2": { hash: "sha256", key: "ec" },
  "1.2.840.10045.4.3.3": { hash: "sha384", key: "ec" },
  "1.2.840.10045.4.3.4": { hash: "sha512", key: "ec" },
  "1.3.101.112": { hash: null, key: "ed25519" },
};

const MISMATCH: Readonly<Record<string, string>> = {
  rsa: "crypto/rsa: verification error",
  ec: "x509: ECDSA verification failure",
  ed25519: "x509: Ed25519 verification failure",
};

export class CertificateRequestError extends Error {
  override name = "CertificateRequestError";
}

interface ParsedRequest {
  toBeSigned: Buffer;
  algorithm: string;
  signature: Buffer;
  key: KeyObject;
  organizations: string[];
}

/** `request` in base64, as spec.request holds it. Throws CertificateRequestError. */
export function parseCertificateRequest(request: string): ParsedRequest {
  const [block] = pemBlocks(Buffer.from(request, "base64").toString("latin1"));
  if (block?.type !== "CERTIFICATE REQUEST") {
    throw new CertificateRequestError("PEM block type must be CERTIFICATE REQUEST");
  }
  try {
    return parse(block.bytes);
  } catch (error) {
    if (error instanceof DerError) throw new CertificateRequestError(error.message);
    throw error;
  }
}

function expected(value: DerValue | undefined, tag: number): DerValue {
  if (value === undefined) throw new DerError("asn1: syntax error: sequence truncated");
  if (value.tag !== tag) throw new DerError(mismatch(value.tag, value.content.length));
  return value;
}

function mismatch(tag: number, length: number): string {
  const shown = `{class:${tag >> 6} tag:${tag & 0x1f} length:${length} isCompound:${(tag & 0x20) !== 0}}`;
  const parameters =
    "{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false}";
  return `asn1: structure error: tags don't match (16 vs ${shown}) ${parameters} certificateRequest @2`;
}

function parse(bytes: Buffer): ParsedRequest {
  const outer = readDer(bytes, 0, (tag, length) => {
    if (tag !== DER.sequence) throw new DerError(mismatch(tag, length));
  });
  if (outer.whole.length !== bytes.length) throw new DerError("asn1: syntax error: trailing data");
  const [toBeSigned, algorithm, signature] = readAll(outer.content);
  const info = expected(toBeSigned, DER.sequence);
  const [, subject, publicKey] = readAll(info.content);
  const [identifier] = readAll(expected(algorithm, DER.sequence).content);
  return {
    toBeSigned: info.whole,
    algorithm: readObjectIdentifier(expected(identifier, DER.objectIdentifier).content),
    signature: wholeBytes(expected(signature, DER.bitString)),
    key: keyOf(expected(publicKey, DER.sequence)),
    organizations: organizationsOf(expected(subject, DER.sequence)),
  };
}

/** A signature has no bits left over. */
function wholeBytes({ content }: DerValue): Buffer {
  if (content[0] !== 0) {
    throw new DerError("asn1: syntax error: invalid padding bits in BIT STRING");
  }
  return content.subarray(1);
}

function keyOf({ whole }: DerValue): KeyObject {
  try {
    return createPublicKey({ key: whole, format: "der", type: "spki" });
  } catch {
    throw new CertificateRequestError("x509: malformed public key");
  }
}

function organizationsOf(subject: DerValue): string[] {
  const organizations: string[] = [];
  for (const set of readAll(subject.content)) {
    for (const attribute of readAll(set.content)) {
      const [type, value] = readAll(attribute.content);
      if (type === undefined || value === undefined) continue;
      if (readObjectIdentifier(type.content) !== ORGANIZATION) continue;
      organizations.push(value.content.toString("utf8"));
    }
  }
  return organizations;
}

/** What is wrong with a request; undefined when it is well-formed and its signature fits its key. */
export function certificateRequestFinding(request: string): string | undefined {
  try {
    return signatureFinding(parseCertificateRequest(request));
  } catch (error) {
    if (error instanceof CertificateRequestError) return error.message;
    throw error;
  }
}

function signatureFinding({ algorithm, key, signature, toBeSigned }: ParsedRequest) {
  const known = HASHES[algorithm];
  if (known === undefined) {
    return "x509: cannot verify signature: algorithm unimplemented";
  }
  if (key.asymmetricKeyType !== known.key) {
    return `x509: signature algorithm specifies an ${known.key.toUpperCase()} public key, but have public key of type ${key.asymmetricKeyType}`;
  }
  return verify(known.hash, toBeSigned, key, signature) ? undefined : MISMATCH[known.key];
}
