// CertificateSigningRequests (upstream: pkg/apis/certificates/validation). What an old object has wrong already is tolerated;
// as every write is judged, there is no such object here except for what the signer wrote as certificate.
import { X509Certificate } from "node:crypto";
import type { CertificateSigningRequest } from "@coracle/shared/api/types/certificates-v1";
import {
  duplicate,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import { certificateRequestFinding } from "./certificate-request.ts";
import { pemBlocks } from "./pem.ts";
import { validateSignerName } from "./signer-name.ts";

const USAGES = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];
const LEGACY_SIGNER = "kubernetes.io/legacy-unknown";
const EXPIRATION_SECONDS_MIN = 600;
const TRUE_ONLY = new Set(["Approved", "Denied", "Failed"]);
const CONDITIONS = "status.conditions";

function validateUsages(usages: readonly string[]): FieldError[] {
  const errors: FieldError[] = [];
  if (usages.length === 0) errors.push(required("spec.usages"));
  usages.forEach((usage, i) => {
    if (!USAGES.includes(usage)) errors.push(notSupported(`spec.usages[${i}]`, usage, USAGES));
  });
  usages.forEach((usage, i) => {
    if (usages.indexOf(usage) < i) errors.push(duplicate(`spec.usages[${i}]`, usage));
  });
  return errors;
}

function validateSpec({ spec }: CertificateSigningRequest): FieldError[] {
  const { request, usages, signerName = "", expirationSeconds } = spec;
  const errors: FieldError[] = [];
  const finding = certificateRequestFinding(request ?? "");
  if (finding !== undefined) errors.push(invalidValue("spec.request", request, finding));
  errors.push(...validateUsages(usages ?? []));
  if (signerName === LEGACY_SIGNER) {
    const detail = "the legacy signerName is not allowed via this API version";
    errors.push(invalidValue("spec.signerName", signerName, detail));
  } else errors.push(...validateSignerName("spec.signerName", signerName));
  if (expirationSeconds !== undefined && expirationSeconds < EXPIRATION_SECONDS_MIN) {
    const detail = "may not specify a duration less than 600 seconds (10 minutes)";
    errors.push(invalidValue("spec.expirationSeconds", expirationSeconds, detail));
  }
  return errors;
}

function validateConditions({ status }: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  (status.conditions ?? []).forEach(({ type = "", status: value = "" }, i) => {
    const at = `${CONDITIONS}[${i}]`;
    if (type === "") errors.push(required(`${at}.type`));
    const allowed = TRUE_ONLY.has(type) ? ["True"] : ["False", "True", "Unknown"];
    if (value === "") errors.push(required(`${at}.status`));
    else if (!allowed.includes(value)) errors.push(notSupported(`${at}.status`, value, allowed));
    const opposite = type === "Approved" ? "Denied" : type === "Denied" ? "Approved" : undefined;
    if (opposite !== undefined && seen.has(opposite)) {
      const detail = "Approved and Denied conditions are mutually exclusive";
      errors.push(invalidValue(CONDITIONS, type, detail));
    }
    if (seen.has(type)) errors.push(duplicate(`${at}.type`, type));
    seen.add(type);
  });
  return errors;
}

/** What is wrong with PEM data of issued certificates. */
function certificateFinding(certificate: string): string | undefined {
  const blocks = pemBlocks(Buffer.from(certificate, "base64").toString("latin1"));
  for (const { type, headers, bytes } of blocks) {
    if (type !== "CERTIFICATE") {
      return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    }
    if (Object.keys(headers).length > 0) return "no PEM block headers are permitted";
    if (bytes.length === 0) return "found CERTIFICATE PEM block containing 0 certificates";
    try {
      new X509Certificate(bytes);
    } catch {
      return "x509: malformed certificate";
    }
  }
  return blocks.length === 0 ? "must contain at least one CERTIFICATE PEM block" : undefined;
}

function validateCertificate(
  { status: { certificate = "" } }: CertificateSigningRequest,
  old?: CertificateSigningRequest,
): FieldError[] {
  if (certificate === "" || certificate === old?.status.certificate) return [];
  const finding = certificateFinding(certificate);
  return finding === undefined
    ? []
    : [invalidValue("status.certificate", "<certificate data>", finding)];
}

export const validateRequest = (
  csr: CertificateSigningRequest,
  old?: CertificateSigningRequest,
): FieldError[] => [
  ...validateSpec(csr),
  ...validateConditions(csr),
  ...validateCertificate(csr, old),
];

const count = ({ status }: CertificateSigningRequest, type: string): number =>
  (status.conditions ?? []).filter((condition) => condition.type === type).length;

/** What one path may change: `approval` sets the approval, `status` the certificate, the object itself neither. */
export function validateTransition(
  csr: CertificateSigningRequest,
  old: CertificateSigningRequest,
  part: "" | "approval" | "status",
): FieldError[] {
  const errors: FieldError[] = [];
  const forbid = (field: string, detail: string) => errors.push(forbiddenField(field, detail));
  for (const type of TRUE_ONLY) {
    if (count(csr, type) < count(old, type)) {
      forbid(CONDITIONS, `updates may not remove a condition of type "${type}"`);
    }
  }
  for (const type of part === "approval" ? [] : ["Approved", "Denied"]) {
    if (count(csr, type) > count(old, type)) {
      forbid(CONDITIONS, `updates may not add a condition of type "${type}"`);
    }
  }
  const { certificate: before = "" } = old.status;
  if ((csr.status.certificate ?? "") !== before) {
    const at = "status.certificate";
    if (part !== "status") forbid(at, "updates may not set certificate content");
    else if (before !== "") forbid(at, "updates may not modify existing certificate content");
  }
  return errors;
}
