// The command line of a component: flags that all of them have, and its own (node:util parseArgs).
import { type ParseArgsConfig, parseArgs } from "node:util";
import type { LogLevel } from "./logger.ts";

type FlagOptions = NonNullable<ParseArgsConfig["options"]>;

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

const commonFlags = {
  kubeconfig: { type: "string" },
  /** URLs of API servers that take each other's place, separated by commas; default the kubeconfig's. */
  servers: { type: "string" },
  "log-level": { type: "string", default: "info" },
} as const satisfies FlagOptions;

type Values<O extends FlagOptions> = ReturnType<
  typeof parseArgs<{ options: O; args: string[] }>
>["values"];

/** `--kubeconfig`, `--servers`, `--log-level` and `own`; booleans also as `--flag=true`. Throws with a message for the user. */
export function parseComponentFlags<const O extends FlagOptions>(
  args: string[],
  own: O,
): Values<typeof commonFlags> & Values<O> & { logLevel: LogLevel } {
  const options: FlagOptions = { ...own, ...commonFlags };
  const booleans = Object.keys(options).filter((name) => options[name]?.type === "boolean");
  const { plain, chosen } = takeBooleans(args, booleans);
  const parsed = parseArgs({ args: plain, options, strict: true });
  const values = { ...parsed.values, ...chosen };
  const logLevel = (values as Values<typeof commonFlags>)["log-level"] as LogLevel;
  if (!LEVELS.includes(logLevel)) {
    throw new Error(`--log-level must be one of ${LEVELS.join(", ")}, not "${logLevel}"`);
  }
  return { ...values, logLevel } as Values<typeof commonFlags> & Values<O> & { logLevel: LogLevel };
}

/** `--flag=false`, as upstream's components take it; parseArgs knows `--flag` only. The last one counts. */
function takeBooleans(args: readonly string[], names: readonly string[]) {
  const chosen: Record<string, boolean> = {};
  const plain = args.filter((arg) => {
    const [, name = "", value] = /^--([^=]+)(?:=(.*))?$/.exec(arg) ?? [];
    if (!names.includes(name)) return true;
    if (value !== undefined && value !== "true" && value !== "false") {
      throw new Error(`--${name} must be true or false, not "${value}"`);
    }
    chosen[name] = value !== "false";
    return false;
  });
  return { plain, chosen };
}

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a Go duration (`15s`, `1m30s`, `500ms`). Throws with a message for the user. */
export function parseDuration(flag: string, text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    throw new Error(`--${flag} must be a duration such as 15s or 1m30s, not "${text}"`);
  }
  let total = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
    total += Number(number) * (UNIT_MS[unit as string] as number);
  }
  return total;
}

/** A whole number in [0, max]. Throws with a message for the user. */
export function parseCount(flag: string, text: string, max = 2 ** 31 - 1): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value > max) {
    throw new Error(`--${flag} must be a whole number from 0 to ${max}, not "${text}"`);
  }
  return value;
}
