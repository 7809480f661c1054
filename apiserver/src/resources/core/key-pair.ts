// Does a TLS Secret's key belong to its certificate? In the words of Go's tls.X509KeyPair.
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";

interface PemBlock {
  type: string;
  text: string;
}

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

const pemBlocks = (text: string): PemBlock[] =>
  [...text.matchAll(pemBlock)].map((match) => ({ type: match[1] as string, text: match[0] }));

function certificateBlock(text: string): string | PemBlock {
  const blocks = pemBlocks(text);
  const first = blocks.find(({ type }) => type === "CERTIFICATE");
  if (first !== undefined) return first;
  const skipped = blocks.map(({ type }) => type);
  if (skipped.length === 0) return "tls: failed to find any PEM data in certificate input";
  if (skipped.length === 1 && skipped[0]?.endsWith("PRIVATE KEY")) {
    return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched";
  }
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${skipped.join(" ")}]`;
}

function keyBlock(text: string): string | PemBlock {
  const blocks = pemBlocks(text);
  const first = blocks.find(({ type }) => type === "PRIVATE KEY" || type.endsWith(" PRIVATE KEY"));
  if (first !== undefined) return first;
  const skipped = blocks.map(({ type }) => type);
  if (skipped.length === 0) return "tls: failed to find any PEM data in key input";
  if (skipped.length === 1 && skipped[0] === "CERTIFICATE") {
    return "tls: found a certificate rather than a key in the PEM for the private key";
  }
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${skipped.join(" ")}]`;
}

function parsed<T>(parse: () => T, failure: string): T | string {
  try {
    return parse();
  } catch {
    return failure;
  }
}

/** What is wrong with the pair; undefined when nothing is. */
export function keyPairWarning(certificateText: string, keyText: string): string | undefined {
  const certificatePem = certificateBlock(certificateText);
  if (typeof certificatePem === "string") return certificatePem;
  const keyPem = keyBlock(keyText);
  if (typeof keyPem === "string") return keyPem;
  const certificate = parsed(
    () => new X509Certificate(certificatePem.text),
    "x509: malformed certificate",
  );
  if (typeof certificate === "string") return certificate;
  const key = parsed(() => createPrivateKey(keyPem.text), "tls: failed to parse private key");
  if (typeof key === "string") return key;
  if (certificate.publicKey.asymmetricKeyType !== key.asymmetricKeyType) {
    return "tls: private key type does not match public key type";
  }
  return certificate.publicKey.equals(createPublicKey(key))
    ? undefined
    : "tls: private key does not match public key";
}
