import type { ServiceAccount } from "@coracle/shared/api/types/core-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";

const MOUNTABLE = "kubernetes.io/enforce-mountable-secrets";

/** Only the names of the secrets are kept. */
function cleanSecrets(account: ServiceAccount): void {
  const { secrets } = account;
  if (secrets !== undefined) account.secrets = secrets.map(({ name }) => (name ? { name } : {}));
}

function warnings(account: ServiceAccount, old?: ServiceAccount): string[] {
  if (old?.metadata.annotations?.[MOUNTABLE] !== undefined) return [];
  if (account.metadata.annotations?.[MOUNTABLE] === undefined) return [];
  return [
    `metadata.annotations[${MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
  ];
}

export const serviceAccountBehaviour: ResourceBehaviour<ServiceAccount> = {
  storagePrefix: "serviceaccounts",
  setDefaults() {},
  validateName: isDns1123Subdomain,
  strategy: {
    prepareForCreate: cleanSecrets,
    validate: () => [],
    warningsOnCreate: (account) => warnings(account),
    prepareForUpdate: cleanSecrets,
    validateUpdate: (account, old) => [
      ...repeatMetadataUpdate(account.metadata, old.metadata),
      ...repeatObjectMeta(account.metadata, true, isDns1123Subdomain),
    ],
    warningsOnUpdate: warnings,
  },
  cells: ({ metadata }, now) => [metadata.name, age(metadata.creationTimestamp, now)],
};
