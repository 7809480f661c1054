// Durations in text, as Go's time.ParseDuration reads them: `1h30m`, `1.5s`, `300ms`.

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const MAX = 2n ** 63n;

/** Nanoseconds, or Go's complaint. */
export function parseGoDuration(text: string): bigint | { message: string } {
  const quoted = JSON.stringify(text);
  const invalid = { message: `time: invalid duration ${quoted}` };
  const negative = text.startsWith("-");
  let rest = text.replace(/^[+-]/, "");
  if (rest === "0") return 0n;
  if (rest === "") return invalid;
  let total = 0n;
  while (rest !== "") {
    const match = /^([0-9]*)(\.([0-9]*))?([^0-9.]*)/.exec(rest) as RegExpExecArray;
    const [part, whole = "", , fraction = "", unit = ""] = match;
    if (whole === "" && fraction === "") return invalid;
    if (unit === "") return { message: `time: missing unit in duration ${quoted}` };
    const scale = NANOSECONDS[unit];
    if (scale === undefined) {
      return { message: `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}` };
    }
    total += BigInt(whole || "0") * scale;
    if (fraction !== "") total += (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length);
    if (total > MAX) return invalid;
    rest = rest.slice(part.length);
  }
  if (!negative && total === MAX) return invalid;
  return negative ? -total : total;
}
