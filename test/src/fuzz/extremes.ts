// Values at the edges of what a server takes, or beyond.
import type { Random } from "@coracle/shared/runtime/random";
import type { JsonForm } from "./json-form.ts";

export const pick = <T>(random: Random, from: readonly T[]): T =>
  from[random.integer(from.length)] as T;

export const chance = (random: Random, probability: number): boolean => random.next() < probability;

const repeated = (text: string, times: number): string => text.repeat(times);

export const names: readonly string[] = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "__defineGetter__",
  "valueOf",
  "length",
  "then",
  "",
  ".",
  "..",
  "/",
  "a/b",
  "%2e%2e",
  "A",
  "-a",
  "a-",
  "ä",
  "😀",
  "\u0000",
  "a\nb",
  "a b",
  '"',
  "'",
  "\\",
  "$(x)",
  "0",
  "null",
  "true",
  "f:metadata",
  'k:{"name":"a"}',
  "$patch",
  "$retainKeys",
  repeated("a", 63),
  repeated("a", 64),
  repeated("a", 253),
  repeated("a", 254),
  repeated("a.", 2000),
  repeated("x", 70_000),
];

export const texts: readonly string[] = [
  ...names,
  "1e99999999999",
  "1e999999999",
  "1e-999999999",
  "-1e2147483647",
  "9223372036854775808",
  "1E",
  "1Ei",
  "9999999999999Ei",
  "0.0000000000000000001",
  `0.${repeated("0", 5000)}1`,
  repeated("9", 5000),
  "1m",
  "-1",
  "+1",
  "0x10",
  "NaN",
  "Infinity",
  "9999-12-31T23:59:59Z",
  "0000-00-00T00:00:00Z",
  "2024-02-30T00:00:00Z",
  "292277026596-12-04T15:30:07Z",
  "1h1h",
  "9999999999h",
  "* * * * *",
  `${repeated("*/1,", 3000)}1 * * * *`,
  "TZ=../../etc/passwd * * * * *",
  "127.0.0.1",
  "::ffff:1.2.3.4",
  "::1%eth0",
  "300.1.1.1",
  "10.0.0.0/8",
  "::/129",
  "app in (a,b)",
  repeated("(", 5000),
  repeated("a,", 5000),
  repeated("((a+)+)+", 200),
  `${repeated("a", 40_000)}!`,
  `${repeated("-", 40_000)}a`,
  `${repeated("a-", 30_000)}`,
  `${repeated(" ", 50_000)}x`,
  `$(${repeated("$(A", 5000)}`,
  "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
  "{}",
  "[]",
  '{"a":1}',
  "\ud800",
  "\ufeff",
  "\u2028",
];

const rawNumbers: readonly string[] = [
  "0",
  "-0",
  "-1",
  "1.0",
  "1.5",
  "1e3",
  "1e400",
  "-1e400",
  "1e-400",
  "2147483647",
  "2147483648",
  "-2147483649",
  "9007199254740993",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775809",
  "18446744073709551616",
  `1${repeated("0", 400)}`,
  `0.${repeated("3", 400)}`,
  repeated("9", 20_000),
];

const notJson: readonly string[] = [
  "01",
  "+1",
  ".5",
  "1.",
  "NaN",
  "Infinity",
  "tru",
  "nul",
  "undefined",
  "'a'",
  '"\\x"',
  '"\\u12"',
  '"\\ud800"',
  '"a',
  "[1,]",
  '{"a":1,}',
  "{a:1}",
  '{"a" 1}',
  "",
  "//c",
];

const depths = [50, 999, 1001, 5000, 9_999, 10_001, 12_000, 100_000];
const openings: readonly (readonly [string, string])[] = [
  ["[", "]"],
  ['{"a":', "}"],
  ['[{"a":', "}]"],
  ['{"__proto__":', "}"],
  ['{"metadata":', "}"],
];

/** Lists and objects in each other, closed most of the time. */
export function nest(random: Random): string {
  const depth = pick(random, depths);
  const [open, close] = pick(random, openings);
  const inner = pick(random, ["1", "null", '"x"', "{}", "[]"]);
  return repeated(open, depth) + inner + (chance(random, 0.85) ? repeated(close, depth) : "");
}

export function extremeForm(random: Random): JsonForm {
  const kind = random.integer(20);
  if (kind < 8) return pick(random, texts);
  if (kind < 12) return { raw: pick(random, rawNumbers) };
  if (kind === 12) return { raw: pick(random, notJson) };
  if (kind === 13) return { raw: nest(random) };
  if (kind === 14) return null;
  if (kind === 15) return { list: [] };
  if (kind === 16) return { members: [] };
  if (kind === 17) return chance(random, 0.5);
  if (kind === 18) return { list: [null, { members: [] }, { list: [] }, 0, "", false] };
  return { members: [[pick(random, names), pick(random, texts)]] };
}
