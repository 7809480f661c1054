// Nobody becomes an administrator by a certificate: the signer of client certificates takes no request for system:masters
// (upstream: the CertificateSubjectRestriction admission plugin).
import type { CertificateSigningRequest } from "@coracle/shared/api/types/certificates-v1";
import { forbidden } from "@coracle/shared/machinery/status-error";
import { parseCertificateRequest } from "../resources/certificates/certificate-request.ts";
import type { AdmissionPlugin } from "./chain.ts";

const SIGNER = "kubernetes.io/kube-apiserver-client";
const ADMINISTRATORS = "system:masters";

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  validate({ operation, resource, subresource, object, name }) {
    if (operation !== "CREATE" || subresource !== "") return;
    if (resource.kind !== "CertificateSigningRequest") return;
    const { spec } = object as unknown as CertificateSigningRequest;
    if (spec.signerName !== SIGNER) return;
    const { organizations } = parseCertificateRequest(spec.request);
    if (!organizations.includes(ADMINISTRATORS)) return;
    const why = `use of ${SIGNER} signer with ${ADMINISTRATORS} group is not allowed`;
    throw forbidden(resource, name, why);
  },
};
