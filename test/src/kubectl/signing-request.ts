// A PKCS #10 request (RFC 2986) for a client certificate, as openssl makes it.
import { generateKeyPairSync, sign } from "node:crypto";
import { bitString, integer, objectIdentifier, sequence, set, utf8String } from "@coracle/cli/der";

const COMMON_NAME = "2.5.4.3";
const ECDSA_WITH_SHA256 = sequence(objectIdentifier("1.2.840.10045.4.3.2"));

/** PEM texts. */
export function signingRequest(commonName: string): { request: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(set(sequence(objectIdentifier(COMMON_NAME), utf8String(commonName))));
  const toBeSigned = sequence(
    integer(Buffer.from([0])),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    Buffer.from([0xa0, 0x00]), // no attributes
  );
  const der = sequence(
    toBeSigned,
    ECDSA_WITH_SHA256,
    bitString(sign("sha256", toBeSigned, privateKey)),
  );
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  const request = [
    "-----BEGIN CERTIFICATE REQUEST-----",
    ...lines,
    "-----END CERTIFICATE REQUEST-----",
    "",
  ];
  return {
    request: request.join("\n"),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
