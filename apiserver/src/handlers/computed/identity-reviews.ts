// authentication.k8s.io: who is this? (upstream: pkg/registry/authentication)
import type { ResourceRow } from "@coracle/shared/api/resources";
import type {
  SelfSubjectReview,
  TokenReview,
  UserInfo,
} from "@coracle/shared/api/types/authentication-v1";
import { badRequest } from "@coracle/shared/machinery/status-error";
import { formatTime } from "@coracle/shared/runtime/clock";
import type { User } from "../../registry/user.ts";
import type { ComputedResource } from "../computed.ts";
import { reviewResource } from "./review.ts";

const row = (plural: string, kind: string): ResourceRow => ({
  group: "authentication.k8s.io",
  version: "v1",
  plural,
  kind,
  namespaced: false,
});

function userInfo({ name, uid, groups, extra = {} }: User): UserInfo {
  const info: UserInfo = {};
  if (name !== "") info.username = name;
  if (uid !== "") info.uid = uid;
  if (groups.length > 0) info.groups = [...groups];
  const keys = Object.keys(extra).sort();
  if (keys.length > 0) {
    info.extra = Object.fromEntries(keys.map((key) => [key, [...(extra[key] ?? [])]]));
  }
  return info;
}

const selfSubjectReview = reviewResource<SelfSubjectReview>(
  row("selfsubjectreviews", "SelfSubjectReview"),
  ({ kind, apiVersion }, { user }, { clock }) => ({
    kind,
    apiVersion,
    metadata: { creationTimestamp: formatTime(clock.now()) },
    status: { userInfo: userInfo(user) },
  }),
);

const tokenReview = reviewResource<TokenReview>(
  row("tokenreviews", "TokenReview"),
  (review, _request, { access }) => {
    const { token, audiences } = review.spec;
    if (!token) throw badRequest("token is required for TokenReview in authentication");
    const wanted = (audiences?.length ?? 0) > 0 ? audiences : undefined;
    const found = access.authenticator.tokenUser(token, wanted);
    review.status =
      "failure" in found
        ? { user: {}, error: found.failure }
        : { authenticated: true, user: userInfo(found.user), audiences: found.audiences };
    return review;
  },
);

export const identityReviews: readonly ComputedResource[] = [selfSubjectReview, tokenReview];
