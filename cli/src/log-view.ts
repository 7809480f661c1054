// Turns the components' JSON log lines into lines for people:
//   12:03:04.123 scheduler           bound pod  pod default/web-1  node=node-2 score=97
import pc from "picocolors";
import { componentOf } from "./components.ts";

const PREFIX_WIDTH = "controller-manager".length;
const NUMBER_WIDTH = "-1".length;
/** Shown by place (or not at all), not as name=value. */
const PLACED = new Set(
  "level time component msg object err pid hostname ts caller".split(" "), // ts and caller: etcd's
);

export interface LogViewOptions {
  colors: boolean;
  /** Components have numbers: `scheduler-2`. */
  isNumbered?: boolean;
  /** Called with one or more whole lines, each ended by a newline. */
  write(text: string): void;
}

/** One component's name in one colour, whatever the order in which components first speak. */
const TINTS = {
  apiserver: "cyan",
  "controller-manager": "magenta",
  scheduler: "yellow",
  kubelet: "green",
  etcd: "gray",
  coracle: "bold",
} as const;

export class LogView {
  readonly #colors: ReturnType<typeof pc.createColors>;
  readonly #write: (text: string) => void;
  readonly #width: number;

  constructor({ colors, isNumbered, write }: LogViewOptions) {
    this.#width = PREFIX_WIDTH + (isNumbered ? NUMBER_WIDTH : 0);
    this.#colors = pc.createColors(colors);
    this.#write = write;
  }

  /** Text of a component as it comes from a pipe. Returns the rest after the last newline: give it again with more. */
  show(component: string, text: string): string {
    const lines = text.split("\n");
    const rest = lines.pop() as string;
    const shown = lines.filter((line) => line !== "").map((line) => this.format(component, line));
    if (shown.length > 0) this.#write(`${shown.join("\n")}\n`);
    return rest;
  }

  /** A line of the supervisor itself. `time` is RFC 3339. */
  say(time: string, message: string, level: "info" | "warn" | "error" = "info"): void {
    const line = `${this.#head(time, "coracle")}${this.#level(level)}${message}`;
    this.#write(`${line}\n`);
  }

  /** Lines that are not JSON (a crash of node itself) are shown as they are. */
  format(component: string, line: string): string {
    const record = parseRecord(line);
    if (record === undefined) return `${this.#head("", component)}${line}`;
    const { dim, bold } = this.#colors;
    const parts = [this.#level(String(record.level)) + String(record.msg ?? "")];
    if (record.object !== undefined) parts.push(bold(String(record.object)));
    const fields = Object.entries(record).filter(([name]) => !PLACED.has(name));
    if (fields.length > 0) {
      parts.push(fields.map(([name, value]) => `${dim(`${name}=`)}${valueText(value)}`).join(" "));
    }
    const error = errorText(record.err);
    if (error !== undefined) parts.push(`${dim("error=")}${valueText(error)}`);
    return this.#head(String(record.time ?? record.ts ?? ""), component) + parts.join("  ");
  }

  #head(time: string, component: string): string {
    const tint = this.#colors[TINTS[componentOf(component) as keyof typeof TINTS] ?? "blue"];
    const clock = time.slice(11, 23).padEnd(12);
    return `${this.#colors.dim(clock)} ${tint(component.padEnd(this.#width))} `;
  }

  #level(level: string): string {
    if (level === "error" || level === "fatal") return this.#colors.red("ERROR ");
    if (level === "warn") return this.#colors.yellow("WARN ");
    return level === "debug" ? this.#colors.dim("debug ") : "";
  }
}

/** The message of an error or fatal line: why a component that ended did so. */
export function failureIn(line: string): string | undefined {
  const record = parseRecord(line);
  if (record === undefined || (record.level !== "error" && record.level !== "fatal"))
    return undefined;
  const cause = errorText(record.err) ?? errorText(record.reason);
  return cause === undefined ? String(record.msg) : `${record.msg}: ${cause}`;
}

function parseRecord(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined; // a component's own text that happens to begin with a brace
  }
}

function errorText(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  if (typeof error === "object" && error !== null && "message" in error)
    return String(error.message);
  return String(error);
}

function valueText(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
