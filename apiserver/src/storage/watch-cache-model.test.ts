// The watch cache against a model that keeps every state and every event: whatever the order of writes, lists and reads, a list shows
// exactly its revision, and a watcher with a selector sees exactly the transitions of that selector. With a small ring the cache may
// say "too old", but never anything wrong.
import fc from "fast-check";
import { expect, test } from "vitest";
import { CompactedError } from "./storage.ts";
import type { CachedObject, Predicate, WatchCursor } from "./watch-cache.ts";
import { type Fixture, PREFIX, served, watchCacheFixture } from "./watch-cache-fixture.ts";

interface State {
  revision: number;
  app: string;
  node: string;
}
interface Change {
  path: string;
  revision: number;
  before: State | undefined;
  after: State | undefined;
}

const PATHS = ["a/1", "a/2", "a/3", "ab/1", "b/1", "b/2"];
const FILTERS: {
  options: { namespace?: string; predicate?: Predicate; filterKey?: string };
  field?: string;
  matches(path: string, state: State): boolean;
}[] = [
  { options: {}, matches: () => true },
  { options: { namespace: "a" }, matches: (path) => path.startsWith("a/") },
  {
    options: { predicate: (object) => object.labels?.app === "x", filterKey: "app=x" },
    matches: (_, { app }) => app === "x",
  },
  {
    options: { namespace: "b", predicate: (object) => object.labels?.app !== "y" },
    matches: (path, { app }) => path.startsWith("b/") && app !== "y",
  },
  { options: {}, field: "n1", matches: (_, { node }) => node === "n1" },
];

const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("put" as const),
      path: fc.constantFrom(...PATHS),
      app: fc.constantFrom("x", "y", "z"),
      node: fc.constantFrom("n1", "n2"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("delete" as const), path: fc.constantFrom(...PATHS) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("other" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("list" as const),
      back: fc.nat(30),
      filter: fc.nat(FILTERS.length - 2), // a field is for watches only
      limit: fc.constantFrom(undefined, 1, 2, 4),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("watch" as const),
      back: fc.nat(30),
      filter: fc.nat(FILTERS.length - 1),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("read" as const),
      watcher: fc.nat(20),
      bytes: fc.constantFrom(1, 500, 100_000),
    }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

class Model {
  readonly #fixture: Fixture;
  readonly #states: Map<string, State>[] = [new Map(), new Map()];
  readonly #changes: Change[] = [];
  readonly #watchers: {
    cursor: WatchCursor;
    filter: (typeof FILTERS)[number];
    from: number;
    got: string;
  }[] = [];
  tooOld = 0;

  constructor(fixture: Fixture) {
    this.#fixture = fixture;
  }

  get #revision(): number {
    return this.#states.length - 1;
  }

  async run(step: Command): Promise<void> {
    if (step.do === "put") {
      const { path, app, node } = step;
      const revision = await this.#fixture.put(path, app, node);
      this.#changed(path, { revision, app, node });
    } else if (step.do === "delete") {
      const alive = this.#states[this.#revision]?.has(step.path);
      const revision = await this.#fixture.delete(step.path);
      if (alive) this.#changed(step.path, undefined);
      expect(revision).toBe(this.#revision);
    } else if (step.do === "other") {
      const put = { type: "put" as const, key: "/registry/other/a", value: Buffer.from("{}") };
      await this.#fixture.storage.transaction([], [put]);
      this.#states.push(new Map(this.#states[this.#revision]));
    } else if (step.do === "list") {
      this.#orTooOld(() => this.#list(step.back, step.filter, step.limit));
    } else if (step.do === "watch") {
      this.#orTooOld(() => this.#watch(step.back, step.filter));
    } else {
      this.#read(step.watcher, step.bytes);
    }
    expect(this.#fixture.cache.revision).toBe(this.#revision);
  }

  /** Reads every watcher to its end. */
  finish(): void {
    for (let i = 0; i < this.#watchers.length; i++) this.#read(i, 1 << 20);
    for (const { cursor, filter, from, got } of this.#watchers) {
      if (cursor.lagged) this.tooOld++;
      else expect(got).toBe(this.#expected(filter, from));
      expect(this.#expected(filter, from).startsWith(got)).toBe(true);
    }
  }

  #changed(path: string, after: State | undefined): void {
    const state = new Map(this.#states[this.#revision]);
    const before = state.get(path);
    if (after === undefined) state.delete(path);
    else state.set(path, after);
    this.#states.push(state);
    this.#changes.push({ path, revision: this.#revision, before, after });
  }

  #orTooOld(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof CompactedError)) throw error;
      this.tooOld++;
    }
  }

  #list(back: number, filterIndex: number, limit: number | undefined): void {
    const { cache } = this.#fixture;
    const { options, matches } = FILTERS[filterIndex] as (typeof FILTERS)[number];
    const revision = Math.max(1, this.#revision - back);
    const items: CachedObject[] = [];
    for (;;) {
      const startAfter = items.at(-1)?.key;
      const page = cache.list({ ...options, limit, revision, startAfter });
      items.push(...page.items);
      expect(page.items.length).toBeLessThanOrEqual(limit ?? 100);
      if (!page.more) break;
    }
    const expected = [...(this.#states[revision] as Map<string, State>)]
      .filter(([path, state]) => matches(path, state))
      .sort(([a], [b]) => (PREFIX + a < PREFIX + b ? -1 : 1))
      .map(([path, state]) => served(path, state.revision, state.app, state.node));
    expect(items.map((item) => item.bytes.toString())).toEqual(expected);
  }

  #watch(back: number, filterIndex: number): void {
    const filter = FILTERS[filterIndex] as (typeof FILTERS)[number];
    const fromRevision = Math.max(1, this.#revision - back);
    const field = filter.field && { name: "spec.nodeName", value: filter.field };
    const cursor = this.#fixture.cache.watch({
      ...filter.options,
      fromRevision,
      ...(field && { field }),
    });
    this.#watchers.push({ cursor, filter, from: fromRevision, got: "" });
  }

  #read(index: number, bytes: number): void {
    const watcher = this.#watchers[index % Math.max(1, this.#watchers.length)];
    if (watcher === undefined) return;
    watcher.got += Buffer.concat(watcher.cursor.read(bytes)).toString();
    expect(watcher.cursor.revision).toBeLessThanOrEqual(this.#revision);
  }

  #expected(filter: (typeof FILTERS)[number], from: number): string {
    let lines = "";
    for (const { path, revision, before, after } of this.#changes) {
      if (revision <= from) continue;
      const matched = before !== undefined && filter.matches(path, before);
      const matches = after !== undefined && filter.matches(path, after);
      const shown = matches ? after : before;
      if (shown === undefined || (!matched && !matches)) continue;
      const type = matches ? (matched ? "MODIFIED" : "ADDED") : "DELETED";
      const object = served(path, revision, shown.app, shown.node);
      lines += `{"type":"${type}","object":${object}}\n`;
    }
    return lines;
  }
}

async function check(commands: readonly Command[], historyBytesMax: number): Promise<number> {
  const fixture = await watchCacheFixture({ historyBytesMax });
  try {
    const model = new Model(fixture);
    for (const step of commands) await model.run(step);
    model.finish();
    return model.tooOld;
  } finally {
    await fixture.close();
  }
}

const commands = fc.array(command, { minLength: 20, maxLength: 120, size: "max" });

test("with a large ring everything is exact", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      expect(await check(steps, 1 << 20)).toBe(0);
    }),
    { numRuns: 20 },
  );
});

test("with a small ring nothing is wrong, some is too old", async () => {
  let tooOld = 0;
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      tooOld += await check(steps, 6000);
    }),
    { numRuns: 20 },
  );
  expect(tooOld).toBeGreaterThan(0);
});
