// Warnings on IP addresses that are valid but not written as they should be (upstream: util/validation GetWarningsForIP).
import { ipText, parseIp } from "../../ip.ts";

/** Nothing on what is no address at all: that is for the validation to say. */
export function ipWarnings(field: string, text: string): string[] {
  const address = parseIp(text);
  if (address === undefined) return [];
  const canonical = JSON.stringify(ipText(address));
  const given = JSON.stringify(text);
  if (address.sloppy || address.mapped) {
    return [`${field}: non-standard IP address ${given} is invalid: use ${canonical}`];
  }
  if (address.bits === 32 || canonical === given) return [];
  return [`${field}: IPv6 address ${given} should be in RFC 5952 canonical format (${canonical})`];
}
