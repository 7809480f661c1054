import type {
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from "@coracle/shared/api/types/admissionregistration-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { deepEqual } from "../deep-equal.ts";
import { validateObjectMeta } from "../metadata-validation.ts";
import { setRuleDefaults } from "./rule-validation.ts";
import { staticSuffixWarnings } from "./static-suffix.ts";
import { validateWebhooks, type Webhook } from "./webhook-validation.ts";

function setWebhookDefaults(webhook: Webhook): void {
  webhook.failurePolicy ??= "Fail";
  webhook.matchPolicy ??= "Equivalent";
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  const { service } = webhook.clientConfig ?? {};
  if (service !== undefined) service.port ??= 443;
  setRuleDefaults(webhook.rules);
}

/** Both kinds of configuration; those that change objects can be called once more. */
function webhookConfigurationBehaviour<
  T extends MutatingWebhookConfiguration | ValidatingWebhookConfiguration,
>(storagePrefix: string, mutates: boolean): ResourceBehaviour<T> {
  return {
    storagePrefix,
    setDefaults({ webhooks = [] }) {
      for (const webhook of webhooks as Webhook[]) {
        setWebhookDefaults(webhook);
        if (mutates) webhook.reinvocationPolicy ??= "Never";
      }
    },
    validateName: isDns1123Subdomain,
    strategy: {
      allowUnconditionalUpdate: false,
      prepareForCreate({ metadata }) {
        metadata.generation = 1;
      },
      validate: ({ webhooks }) => validateWebhooks(webhooks),
      warningsOnCreate: staticSuffixWarnings,
      prepareForUpdate({ metadata, webhooks }, old) {
        if (deepEqual(webhooks, old.webhooks)) return;
        metadata.generation = (old.metadata.generation ?? 0) + 1;
      },
      validateUpdate: ({ metadata, webhooks }, old) => [
        ...validateObjectMeta(metadata, false, isDns1123Subdomain),
        ...validateWebhooks(webhooks, old.webhooks ?? []),
      ],
      warningsOnUpdate: staticSuffixWarnings,
    },
    cells: ({ metadata, webhooks = [] }, now) => [
      metadata.name,
      webhooks.length,
      age(metadata.creationTimestamp, now),
    ],
  };
}

export const mutatingWebhookConfigurationBehaviour =
  webhookConfigurationBehaviour<MutatingWebhookConfiguration>(
    "mutatingwebhookconfigurations",
    true,
  );

export const validatingWebhookConfigurationBehaviour =
  webhookConfigurationBehaviour<ValidatingWebhookConfiguration>(
    "validatingwebhookconfigurations",
    false,
  );
