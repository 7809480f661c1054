// A row of docs/kubectl.md: one command, or one way of using it.
import type { Terminal } from "./terminal.ts";

export const groups = [
  "create",
  "apply",
  "read",
  "change",
  "roll out",
  "wait",
  "pods",
  "nodes",
  "identity",
  "custom",
  "errors",
] as const;

export type Group = (typeof groups)[number];

export interface Case {
  /** Unique, as part of a namespace's name: at most 40 characters. */
  id: string;
  group: Group;
  /** As people know it, without `kubectl`. */
  command: string;
  /** The first minor version of kubectl that has it. */
  since?: number;
  /** Why it cannot work yet. It is run all the same, and must fail. */
  notYet?: string;
  run(terminal: Terminal): Promise<void>;
}

type Limits = Pick<Case, "since" | "notYet">;

/** Makes the cases of one group. */
export const casesOf =
  (group: Group) =>
  (id: string, command: string, run: Case["run"], limits: Limits = {}): Case => ({
    id,
    group,
    command,
    run,
    ...limits,
  });
