// How others verify service account tokens: the issuer's discovery document and its keys (upstream: pkg/routes openidmetadata).
import { jsonWebKey } from "../filters/jwt.ts";
import type { ServiceAccountTokens } from "../filters/service-account-tokens.ts";
import { JSON_TYPE, type Reply } from "./api-request.ts";

const CONFIGURATION = /^\/\.well-known\/openid-configuration\/?$/;
const KEYS = /^\/openid\/v1\/jwks\/?$/;
const CACHED = { "cache-control": "public, max-age=3600" };

/** `address`: where this server is reached, host and port. Undefined when the path is another one. */
export function openIdReply(
  path: string,
  tokens: ServiceAccountTokens | undefined,
  address: string,
): Reply | undefined {
  if (tokens === undefined || tokens.keys.length === 0) return undefined;
  if (CONFIGURATION.test(path)) {
    const configuration = {
      issuer: tokens.issuer,
      jwks_uri: `https://${address}/openid/v1/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: [
        ...new Set(tokens.keys.map(({ algorithm }) => algorithm)),
      ].sort(),
    };
    const body = JSON.stringify(configuration);
    return { code: 200, contentType: JSON_TYPE, body, headers: CACHED };
  }
  if (!KEYS.test(path)) return undefined;
  const body = JSON.stringify({ keys: tokens.keys.map(jsonWebKey) });
  return { code: 200, contentType: "application/jwk-set+json", body, headers: CACHED };
}
