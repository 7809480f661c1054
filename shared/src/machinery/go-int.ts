// Whole numbers in text, as Go's strconv reads them.

const MAX = 2n ** 63n - 1n;

/** A decimal 64-bit number, or Go's complaint. `reader`: the Go function that upstream calls, which the complaint names. */
export function parseGoInt(
  text: string,
  reader: "strconv.ParseInt" | "strconv.Atoi",
): bigint | { message: string } {
  const complaint = (why: string) => ({
    message: `${reader}: parsing ${JSON.stringify(text)}: ${why}`,
  });
  if (!/^[+-]?[0-9]+$/.test(text)) return complaint("invalid syntax");
  const value = BigInt(text.startsWith("+") ? text.slice(1) : text);
  return value > MAX || value < -MAX - 1n ? complaint("value out of range") : value;
}
