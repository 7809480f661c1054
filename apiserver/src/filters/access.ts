// Who asks and what they may do: everything between the socket and the handlers.
import type { IncomingMessage } from "node:http";
import type { ResourceTable } from "../registry/resource-table.ts";
import type { User } from "../registry/user.ts";
import { Authenticator } from "./authentication.ts";
import {
  type AuthorizationMode,
  type Authorizer,
  authorize,
  createAuthorizer,
} from "./authorization.ts";
import { Impersonation } from "./impersonation.ts";
import { publicKeyOf, signingKeyOf } from "./jwt.ts";
import type { RequestInfo } from "./request-info.ts";
import { ServiceAccountTokens } from "./service-account-tokens.ts";

export interface ServiceAccountsConfig {
  /** An https URL. */
  issuer: string;
  /** PEM; absent: no tokens are issued. */
  signingKey?: string;
  /** PEM, of further keys whose tokens are accepted. */
  keys?: readonly string[];
}

export interface AccessConfig {
  tokenFile: string | undefined;
  /** Default Trusted. */
  authorizationMode?: AuthorizationMode;
  /** Absent: there are no service account tokens. */
  serviceAccounts?: ServiceAccountsConfig;
}

export class Access {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly tokens: ServiceAccountTokens | undefined;
  readonly #impersonation: Impersonation;

  constructor(config: AccessConfig, resources: ResourceTable, clock: { now(): number }) {
    this.tokens = config.serviceAccounts && tokensOf(config.serviceAccounts, resources, clock);
    this.authenticator = new Authenticator({
      tokenFile: config.tokenFile,
      serviceAccounts: this.tokens,
    });
    this.authorizer = createAuthorizer(config.authorizationMode ?? "Trusted");
    this.#impersonation = new Impersonation(this.authorizer);
  }

  /** In whose name the request is handled. Throws 400, 401 and 403. */
  admit(raw: IncomingMessage, info: RequestInfo): User {
    const requestor = this.authenticator.userOf(raw);
    const user = this.#impersonation.userOf(raw, requestor, info);
    authorize(this.authorizer, user, info);
    return user;
  }
}

function tokensOf(
  { issuer, signingKey: pem, keys = [] }: ServiceAccountsConfig,
  resources: ResourceTable,
  clock: { now(): number },
): ServiceAccountTokens {
  const signingKey = pem === undefined ? undefined : signingKeyOf(pem);
  const others = keys.map(publicKeyOf).filter(({ id }) => id !== signingKey?.id);
  return new ServiceAccountTokens({
    issuer,
    signingKey,
    keys: signingKey === undefined ? others : [signingKey, ...others],
    clock,
    objects: {
      serviceAccounts: resources.named("serviceaccounts"),
      pods: resources.named("pods"),
      secrets: resources.named("secrets"),
      nodes: resources.named("nodes"),
    },
  });
}
