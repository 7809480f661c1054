// Is there an order of the operations, true to who ended before whom began, in which each has the outcome that it had? The search of
// Wing and Gong with Lowe's memory: it tries the operations that may come next, and never twice the same set with the same state.
import { applyOperation, type RegisterOperation } from "./register-history.ts";

/** A call, or its return, in a list that pieces are taken out of and put back into. */
interface Moment {
  operation: number;
  isCall: boolean;
  at: number;
  previous: Moment | undefined;
  next: Moment | undefined;
}

export interface Verdict {
  linearizable: boolean;
  /** Of what was not: the key, and as many operations as could be ordered at best. */
  key?: string;
  ordered?: number;
  operations?: number;
}

/** Objects are independent of each other, so that each is looked at alone. */
export function checkRegisters(history: readonly RegisterOperation[]): Verdict {
  const byKey = new Map<string, RegisterOperation[]>();
  for (const operation of history) {
    if (operation.kind === "read" && operation.outcome !== "done") continue; // says nothing
    byKey.set(operation.key, [...(byKey.get(operation.key) ?? []), operation]);
  }
  for (const [key, operations] of byKey) {
    const search = new Search(operations);
    if (!search.run()) {
      return { linearizable: false, key, ordered: search.best, operations: operations.length };
    }
  }
  return { linearizable: true };
}

class Search {
  readonly #operations: readonly RegisterOperation[];
  readonly #calls: Moment[] = [];
  readonly #returns: (Moment | undefined)[] = [];
  readonly #head: Moment;
  /** Answers that are not yet explained. */
  #open: number;
  readonly #taken: Uint8Array;
  readonly #known = new Set<string>();
  best = 0;

  constructor(operations: readonly RegisterOperation[]) {
    this.#operations = operations;
    this.#taken = new Uint8Array(operations.length);
    const moments: Moment[] = [];
    operations.forEach(({ start, end }, operation) => {
      const moment = (isCall: boolean, at: number): Moment => {
        const one = { operation, isCall, at, previous: undefined, next: undefined };
        moments.push(one);
        return one;
      };
      this.#calls[operation] = moment(true, start);
      this.#returns[operation] = end === Number.POSITIVE_INFINITY ? undefined : moment(false, end);
    });
    this.#open = this.#returns.filter((one) => one !== undefined).length;
    // What happens at the same moment may have happened in either order.
    moments.sort((a, b) => a.at - b.at || Number(b.isCall) - Number(a.isCall));
    this.#head = { operation: -1, isCall: true, at: 0, previous: undefined, next: undefined };
    let last = this.#head;
    for (const moment of moments) {
      last.next = moment;
      moment.previous = last;
      last = moment;
    }
  }

  run(): boolean {
    const stack: { operation: number; state: string }[] = [];
    let state = "";
    let moment = this.#head.next;
    while (this.#open > 0) {
      if (moment?.isCall) {
        const after = applyOperation(
          state,
          this.#operations[moment.operation] as RegisterOperation,
        );
        if (after !== undefined && this.#isNew(moment.operation, after)) {
          stack.push({ operation: moment.operation, state });
          this.#take(moment.operation);
          this.best = Math.max(this.best, stack.length);
          state = after;
          moment = this.#head.next;
        } else {
          moment = moment.next;
        }
        continue;
      }
      // This answer came before what is left could explain it: go back.
      const last = stack.pop();
      if (last === undefined) return false;
      state = last.state;
      this.#putBack(last.operation);
      moment = (this.#calls[last.operation] as Moment).next;
    }
    return true;
  }

  #isNew(operation: number, state: string): boolean {
    this.#taken[operation] = 1;
    const id = `${Buffer.from(this.#taken).toString("latin1")}|${state}`;
    this.#taken[operation] = 0;
    if (this.#known.has(id)) return false;
    this.#known.add(id);
    return true;
  }

  #take(operation: number): void {
    this.#taken[operation] = 1;
    unlink(this.#calls[operation] as Moment);
    const end = this.#returns[operation];
    if (end === undefined) return;
    unlink(end);
    this.#open--;
  }

  #putBack(operation: number): void {
    this.#taken[operation] = 0;
    const end = this.#returns[operation];
    if (end !== undefined) {
      link(end);
      this.#open++;
    }
    link(this.#calls[operation] as Moment);
  }
}

function unlink(moment: Moment): void {
  if (moment.previous !== undefined) moment.previous.next = moment.next;
  if (moment.next !== undefined) moment.next.previous = moment.previous;
}

/** Undoes the latest unlink that is not undone. */
function link(moment: Moment): void {
  if (moment.previous !== undefined) moment.previous.next = moment;
  if (moment.next !== undefined) moment.next.previous = moment;
}
