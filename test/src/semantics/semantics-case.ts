// The table's rows: what is asked, one step after the other, and what a real server answered.

export interface SemanticsCase {
  name: string;
  /** The part of kube-apiserver 1.36 whose behaviour it is. */
  follows: string;
  steps: Step[];
}

export type Step = RequestStep | WatchStep | EventsStep | EndStep;

export interface RequestStep {
  /** Default GET. `${ns}` is the case's own namespace. */
  method?: string;
  path: string;
  headers?: Record<string, string>;
  /** A string is sent as it is, anything else as JSON. */
  body?: unknown;
  /** Variables for later steps, by a path into the reply. */
  save?: Record<string, string>;
  /** Of the answer's headers. */
  headersShown?: string[];
  /** Preparation: of the answer only the status is compared. */
  brief?: boolean;
  expected?: Answer;
}

/** Opens a watch that later steps call by its name. */
export interface WatchStep {
  watch: string;
  path: string;
  headers?: Record<string, string>;
  /** Without events. The body only of a refusal. */
  expected?: Answer;
}

/** Waits for the next `count` events of a watch. */
export interface EventsStep {
  events: string;
  count: number;
  expected?: unknown[];
}

/** Waits until the server ends a watch: the events that came before. */
export interface EndStep {
  end: string;
  expected?: unknown[];
}

export interface Answer {
  status: number;
  type?: string;
  warnings?: string[];
  headers?: Record<string, string>;
  body?: unknown;
}
