// Texts of Warning headers on Services (upstream: pkg/api/service warnings.go).
import type { Service } from "@coracle/shared/api/types/core-v1";
import { cidrWarnings } from "../cidr.ts";
import { ipWarnings } from "../ip.ts";
import { NONE } from "./service-rules.ts";

const HINTS = "service.kubernetes.io/topology-aware-hints";
const MODE = "service.kubernetes.io/topology-mode";

export function serviceWarnings({ metadata, spec }: Service): string[] {
  const texts: string[] = [];
  const headless = spec.type === "ClusterIP" && spec.clusterIP === NONE;
  const externalIps = spec.externalIPs ?? [];
  const isName = spec.type === "ExternalName";
  if (metadata.annotations?.[HINTS] !== undefined) {
    texts.push(`annotation ${HINTS} is deprecated, please use ${MODE} instead`);
  }
  if (spec.clusterIP && spec.clusterIP !== NONE) {
    for (const [i, ip] of (spec.clusterIPs ?? []).entries()) {
      texts.push(...ipWarnings(`spec.clusterIPs[${i}]`, ip));
    }
  }
  if (headless) {
    if (spec.loadBalancerIP) texts.push("spec.loadBalancerIP is ignored for headless services");
    if (externalIps.length > 0) texts.push("spec.externalIPs is ignored for headless services");
    if (spec.sessionAffinity !== "None") {
      texts.push("spec.SessionAffinity is ignored for headless services");
    }
  }
  for (const [i, ip] of externalIps.entries()) {
    texts.push(...ipWarnings(`spec.externalIPs[${i}]`, ip));
  }
  if (externalIps.length > 0 && !headless && !isName) {
    texts.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
  }
  if (spec.loadBalancerIP) texts.push(...ipWarnings("spec.loadBalancerIP", spec.loadBalancerIP));
  for (const [i, cidr] of (spec.loadBalancerSourceRanges ?? []).entries()) {
    texts.push(...cidrWarnings(`spec.loadBalancerSourceRanges[${i}]`, cidr));
  }
  if (isName && externalIps.length > 0) {
    texts.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (!isName && spec.externalName) {
    texts.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (spec.trafficDistribution === "PreferClose") {
    texts.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  }
  return texts;
}

export function serviceStatusWarnings({ status }: Service): string[] {
  return (status.loadBalancer?.ingress ?? []).flatMap(({ ip }, i) =>
    ip ? ipWarnings(`status.loadBalancer.ingress[${i}]`, ip) : [],
  );
}
