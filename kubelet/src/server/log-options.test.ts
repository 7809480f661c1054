import { expect, it } from "vitest";
import { logOptionsOf } from "./log-options.ts";

const NOW = Date.UTC(2026, 0, 1);
const parse = (query: string) => logOptionsOf(new URLSearchParams(query), NOW);

it("defaults to the whole log of both streams", () => {
  expect(parse("")).toEqual({
    follow: false,
    previous: false,
    timestamps: false,
    stream: "All",
    tailLines: undefined,
    limitBytes: undefined,
    sinceMs: undefined,
  });
});

it("takes every option of PodLogOptions", () => {
  expect(parse("follow=true&previous=1&timestamps=TRUE&tailLines=0&limitBytes=5")).toMatchObject({
    follow: true,
    previous: true,
    timestamps: true,
    tailLines: 0,
    limitBytes: 5,
  });
  expect(parse("follow=false&timestamps=0")).toMatchObject({ follow: false, timestamps: false });
  expect(parse("sinceSeconds=60").sinceMs).toBe(NOW - 60_000);
  expect(parse("sinceTime=2025-12-31T23:00:00Z").sinceMs).toBe(NOW - 3_600_000);
  expect(parse("stream=Stderr").stream).toBe("Stderr");
});

it.each(["tailLines=-1", "limitBytes=0", "sinceSeconds=0", "stream=Both"])(
  "refuses %s",
  (query) => {
    expect(() => parse(query)).toThrow('{"message": "Invalid request."}');
  },
);

it("refuses combinations that upstream refuses", () => {
  expect(() => parse("sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z")).toThrow("Invalid request");
  expect(() => parse("stream=Stdout&tailLines=1")).toThrow("Invalid request");
});

it.each(["tailLines=x", "sinceTime=yesterday"])("cannot decode %s", (query) => {
  expect(() => parse(query)).toThrow('{"message": "Unable to decode query."}');
});
