// authorization.k8s.io: may somebody do something? (upstream: pkg/registry/authorization)
import type { KubernetesObject, ResourceRow } from "@coracle/shared/api/resources";
import type {
  SelfSubjectRulesReview,
  SubjectAccessReviewSpec,
  SubjectAccessReviewStatus,
} from "@coracle/shared/api/types/authorization-v1";
import { badRequest, invalid } from "@coracle/shared/machinery/status-error";
import type { AccessAttributes } from "../../filters/authorization.ts";
import type { User } from "../../registry/user.ts";
import {
  type ReviewScope,
  validateAccessReview,
} from "../../resources/authorization/access-review-validation.ts";
import { evaluationError } from "../../resources/authorization/evaluation-error.ts";
import type { ComputedResource } from "../computed.ts";
import { reviewResource } from "./review.ts";

const GROUP = "authorization.k8s.io";

const row = (plural: string, kind: string, namespaced = false): ResourceRow => ({
  group: GROUP,
  version: "v1",
  plural,
  kind,
  namespaced,
});

interface AccessReview extends KubernetesObject {
  spec: SubjectAccessReviewSpec;
  status: SubjectAccessReviewStatus;
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: SubjectAccessReviewSpec) {
  const { path = "", verb: how = "" } = nonResourceAttributes ?? {};
  const { verb, group, resource, subresource, namespace, name } = resourceAttributes ?? {};
  const attributes: AccessAttributes = {
    isResource: resourceAttributes !== undefined && resourceAttributes !== null,
    verb: verb ?? how,
    group: group ?? "",
    resource: resource ?? "",
    subresource: subresource ?? "",
    namespace: namespace ?? "",
    name: name ?? "",
    path,
  };
  return attributes;
}

const subjectOf = ({ user = "", uid = "", groups = [], extra }: SubjectAccessReviewSpec): User => ({
  name: user,
  uid,
  groups,
  extra,
});

const accessReview = (reviewRow: ResourceRow, scope: ReviewScope): ComputedResource =>
  reviewResource<AccessReview>(reviewRow, (review, request, { access }) => {
    const errors = validateAccessReview(review, scope);
    // Upstream forgets the kind here.
    if (errors.length > 0) throw invalid({ group: GROUP, kind: "" }, "", errors);
    const user = scope === "self" ? request.user : subjectOf(review.spec);
    const unclear = evaluationError(review.spec.resourceAttributes ?? {});
    const { allowed, reason } = access.authorizer.decide(user, attributesOf(review.spec));
    review.status = {
      allowed,
      ...(reason === "" ? {} : { reason }),
      ...(unclear === "" ? {} : { evaluationError: unclear }),
    };
    return review;
  });

const rulesReview = reviewResource<SelfSubjectRulesReview>(
  row("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
  ({ kind, apiVersion, spec }, { user }, { access }) => {
    if (!spec.namespace) throw badRequest("no namespace on request");
    const { resourceRules, nonResourceRules } = access.authorizer.rulesOf(user);
    const status = { resourceRules, nonResourceRules, incomplete: false };
    return { kind, apiVersion, metadata: {}, spec: {}, status };
  },
);

export const accessReviews: readonly ComputedResource[] = [
  accessReview(row("subjectaccessreviews", "SubjectAccessReview"), "cluster"),
  accessReview(row("selfsubjectaccessreviews", "SelfSubjectAccessReview"), "self"),
  accessReview(row("localsubjectaccessreviews", "LocalSubjectAccessReview", true), "local"),
  rulesReview,
];
