// The command line of a component: flags that all of them have, and its own (node:util parseArgs).
import { type ParseArgsConfig, parseArgs } from "node:util";
import type { LogLevel } from "./logger.ts";

type FlagOptions = NonNullable<ParseArgsConfig["options"]>;

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];

const commonFlags = {
  kubeconfig: { type: "string" },
  "log-level": { type: "string", default: "info" },
} as const satisfies FlagOptions;

type Values<O extends FlagOptions> = ReturnType<
  typeof parseArgs<{ options: O; args: string[] }>
>["values"];

/** `--kubeconfig`, `--log-level` and `own`. Throws with a message for the user. */
export function parseComponentFlags<const O extends FlagOptions>(
  args: string[],
  own: O,
): Values<typeof commonFlags> & Values<O> & { logLevel: LogLevel } {
  const { values } = parseArgs({ args, options: { ...own, ...commonFlags }, strict: true });
  const logLevel = (values as Values<typeof commonFlags>)["log-level"] as LogLevel;
  if (!LEVELS.includes(logLevel)) {
    throw new Error(`--log-level must be one of ${LEVELS.join(", ")}, not "${logLevel}"`);
  }
  return { ...values, logLevel } as Values<typeof commonFlags> & Values<O> & { logLevel: LogLevel };
}

/** A whole number in [0, max]. Throws with a message for the user. */
export function parseCount(flag: string, text: string, max = 2 ** 31 - 1): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value > max) {
    throw new Error(`--${flag} must be a whole number from 0 to ${max}, not "${text}"`);
  }
  return value;
}
