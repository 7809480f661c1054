// JSON lines on standard output. A message is constant; what varies is a field.
import { destination, type Logger, pino, stdTimeFunctions } from "pino";

export type { Logger };
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export function createLogger(component: string, level: LogLevel = "info"): Logger {
  return pino(
    {
      level,
      base: { component },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination({ dest: 1, sync: true }),
  );
}

/** For tests and libraries that were given no logger. */
export const silentLogger: Logger = pino({ level: "silent" });
