import type { Scale } from "@coracle/shared/api/types/autoscaling-v1";
import type { ObjectMeta } from "@coracle/shared/api/types/meta-v1";
import { isDns1123Subdomain } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { nonNegative } from "../field-rules.ts";
import { repeatObjectMeta } from "../metadata-validation.ts";

/** What a client sends to a scale subresource, metadata included (upstream: autoscaling ValidateScale). */
export function validateScale(scale: Scale): FieldError[] {
  const metadata = (scale.metadata ?? {}) as ObjectMeta;
  return [
    ...repeatObjectMeta(metadata, true, isDns1123Subdomain),
    ...nonNegative(scale.spec?.replicas, "spec.replicas"),
  ];
}
