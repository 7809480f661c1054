import { expect, it } from "vitest";
import pair from "../testdata/key-pair.json" with { type: "json" };
import { keyPairWarning } from "./key-pair.ts";

const { certificate, key, otherKey, ed25519Key } = pair;

// The texts are those of Go's tls.X509KeyPair.
it.each([
  ["a matching pair", certificate, key, undefined],
  ["another key", certificate, otherKey, "tls: private key does not match public key"],
  [
    "a key of another type",
    certificate,
    ed25519Key,
    "tls: private key type does not match public key type",
  ],
  ["nothing", "", "", "tls: failed to find any PEM data in certificate input"],
  ["no key", certificate, "x", "tls: failed to find any PEM data in key input"],
  [
    "the two swapped",
    key,
    certificate,
    "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched",
  ],
  [
    "two certificates",
    certificate,
    certificate,
    "tls: found a certificate rather than a key in the PEM for the private key",
  ],
  [
    "a broken key",
    certificate,
    "-----BEGIN PRIVATE KEY-----\nYWJj\n-----END PRIVATE KEY-----\n",
    "tls: failed to parse private key",
  ],
])("%s", (_, certificateText, keyText, warning) => {
  expect(keyPairWarning(certificateText, keyText)).toBe(warning);
});
