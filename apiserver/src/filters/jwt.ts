// JSON Web Tokens in the compact form (RFC 7515, 7519) and JSON Web Keys (RFC 7517), as far as service account tokens need them.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";

type Algorithm = "RS256" | "ES256" | "ES384" | "ES512";

export interface PublicKey {
  /** Upstream's: SHA-256 of the key's DER form. */
  id: string;
  key: KeyObject;
  algorithm: Algorithm;
}

export interface SigningKey extends PublicKey {
  privateKey: KeyObject;
}

export interface Jwt<Claims> {
  keyId: string;
  algorithm: string;
  claims: Claims;
  signed: string;
  signature: Buffer;
}

const CURVES: Readonly<Record<string, Algorithm>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};
const DIGESTS: Readonly<Record<Algorithm, string>> = {
  RS256: "sha256",
  ES256: "sha256",
  ES384: "sha384",
  ES512: "sha512",
};
/** Of JWS, not of X.509: r and s side by side. */
const dsaEncoding = "ieee-p1363";

function described(key: KeyObject): PublicKey {
  const curve = key.asymmetricKeyDetails?.namedCurve ?? "";
  const algorithm = key.asymmetricKeyType === "rsa" ? "RS256" : CURVES[curve];
  if (algorithm === undefined) {
    throw new Error(`a service account key must be RSA or ECDSA, not ${key.asymmetricKeyType}`);
  }
  const der = key.export({ type: "spki", format: "der" });
  return { key, algorithm, id: createHash("sha256").update(der).digest("base64url") };
}

/** Of a private or public key in PEM. */
export const publicKeyOf = (pem: string): PublicKey => described(createPublicKey(pem));

export const signingKeyOf = (pem: string): SigningKey => ({
  ...publicKeyOf(pem),
  privateKey: createPrivateKey(pem),
});

const encoded = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString("base64url");

export function signJwt({ id, algorithm, privateKey }: SigningKey, claims: object): string {
  const text = `${encoded({ alg: algorithm, kid: id })}.${encoded(claims)}`;
  const signature = sign(DIGESTS[algorithm], Buffer.from(text), { key: privateKey, dsaEncoding });
  return `${text}.${signature.toString("base64url")}`;
}

/** Undefined when it is no JWT. The signature is not judged yet. */
export function parseJwt<Claims>(token: string): Jwt<Claims> | undefined {
  const [header = "", payload = "", signature, ...rest] = token.split(".");
  if (signature === undefined || rest.length > 0) return undefined;
  try {
    const { alg, kid } = objectOf(header) as { alg?: string; kid?: string };
    return {
      keyId: kid ?? "",
      algorithm: alg ?? "",
      claims: objectOf(payload) as Claims,
      signed: `${header}.${payload}`,
      signature: Buffer.from(signature, "base64url"),
    };
  } catch {
    return undefined; // not JSON
  }
}

function objectOf(part: string): object {
  const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
  if (value === null || typeof value !== "object") throw new SyntaxError("not an object");
  return value;
}

export function isSignedBy(jwt: Jwt<unknown>, { key, algorithm }: PublicKey): boolean {
  if (jwt.algorithm !== algorithm) return false;
  const text = Buffer.from(jwt.signed);
  return verify(DIGESTS[algorithm], text, { key, dsaEncoding }, jwt.signature);
}

/** The members in the order of Go's jose library. */
export function jsonWebKey({ id, key, algorithm }: PublicKey): Record<string, string> {
  const { kty = "", ...material } = key.export({ format: "jwk" }) as Record<string, string>;
  return { use: "sig", kty, kid: id, alg: algorithm, ...material };
}
