import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from "@coracle/shared/api/types/certificates-v1";
import { isPathSegmentName } from "@coracle/shared/machinery/names";
import { formatTime } from "@coracle/shared/runtime/clock";
import type { RequestContext, ResourceBehaviour, UpdateStrategy } from "../../registry/strategy.ts";
import { age, humanDuration } from "../age.ts";
import { repeatMetadataUpdate, repeatObjectMeta } from "../metadata-validation.ts";
import { validateRequest, validateTransition } from "./csr-validation.ts";

type Csr = CertificateSigningRequest;
type Conditions = Csr["status"]["conditions"];

/** Who asks for a certificate is not for the client to say. */
function setRequester(csr: Csr, { user }: RequestContext): void {
  const { spec } = csr;
  delete spec.username;
  delete spec.uid;
  delete spec.groups;
  delete spec.extra;
  if (user.name !== "") spec.username = user.name;
  if (user.uid) spec.uid = user.uid;
  if (user.groups.length > 0) spec.groups = [...user.groups];
  if (user.extra !== undefined && Object.keys(user.extra).length > 0) {
    spec.extra = Object.fromEntries(
      Object.entries(user.extra).map(([key, values]) => [key, [...values]]),
    );
  }
}

/** The client's conditions, with the times that it left out. */
function timed(conditions: Conditions, old: Csr, now: string): Conditions {
  return conditions?.map((given) => {
    const condition = { ...given };
    condition.lastUpdateTime ??= now;
    const isSame = (other: CertificateSigningRequestCondition) =>
      other.type === condition.type &&
      other.status === condition.status &&
      other.lastTransitionTime !== undefined;
    condition.lastTransitionTime ??= old.status.conditions?.find(isSame)?.lastTransitionTime ?? now;
    return condition;
  });
}

/** The signer may not touch the approval: as long as there are as many conditions of the type, the old ones stay. */
function withKept(conditions: Conditions, old: Csr, type: string): Conditions {
  const isOne = (condition: CertificateSigningRequestCondition) => condition.type === type;
  const before = (old.status.conditions ?? []).filter(isOne);
  if ((conditions ?? []).filter(isOne).length !== before.length) return conditions;
  let next = 0;
  return conditions?.map((condition) =>
    isOne(condition) ? (before[next++] as typeof condition) : condition,
  );
}

function withConditions(status: Csr["status"], conditions: Conditions): Csr["status"] {
  const { conditions: _before, ...rest } = status;
  return conditions === undefined ? rest : { conditions, ...rest };
}

const validateUpdate = (part: "" | "approval" | "status") => (csr: Csr, old: Csr) => [
  ...repeatObjectMeta(csr.metadata, false, () => []),
  ...validateRequest(csr, old),
  ...validateTransition(csr, old, part),
  ...repeatMetadataUpdate(csr.metadata, old.metadata),
];

const approval: UpdateStrategy<Csr> = {
  prepareForUpdate(csr, old, { now }) {
    csr.status = withConditions(old.status, timed(csr.status.conditions, old, formatTime(now)));
    csr.spec = old.spec;
  },
  validateUpdate: validateUpdate("approval"),
};

const signing: UpdateStrategy<Csr> = {
  prepareForUpdate(csr, old, { now }) {
    const approved = withKept(csr.status.conditions, old, "Approved");
    const decided = withKept(approved, old, "Denied");
    csr.status = withConditions(csr.status, timed(decided, old, formatTime(now)));
    csr.spec = old.spec;
  },
  validateUpdate: validateUpdate("status"),
};

function stateOf({ status }: Csr): string {
  const has = (type: string) => status.conditions?.some((condition) => condition.type === type);
  const decision = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  return `${decision}${has("Failed") ? ",Failed" : ""}${status.certificate ? ",Issued" : ""}`;
}

export const certificateSigningRequestBehaviour: ResourceBehaviour<Csr> = {
  storagePrefix: "certificatesigningrequests",
  setDefaults() {},
  validateName: isPathSegmentName,
  selectableFields: ({ spec }) => ({ "spec.signerName": spec.signerName ?? "" }),
  strategy: {
    prepareForCreate(csr, context) {
      setRequester(csr, context);
      csr.status = {};
    },
    validate: (csr) => validateRequest(csr),
    prepareForUpdate(csr, old) {
      csr.spec = old.spec;
      csr.status = old.status;
    },
    validateUpdate: validateUpdate(""),
  },
  statusStrategy: signing,
  subresources: { approval },
  cells: ({ metadata, spec, ...csr }, now) => [
    metadata.name,
    age(metadata.creationTimestamp, now),
    spec.signerName || "<none>",
    spec.username ?? "",
    spec.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds * 1000),
    stateOf({ metadata, spec, ...csr }),
  ],
};
