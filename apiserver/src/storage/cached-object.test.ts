import { expect, test } from "vitest";
import {
  CachedObject,
  namespaceOf,
  type ObjectForm,
  replaceVersionLine,
  serve,
  serveLine,
  wrapLine,
} from "./cached-object.ts";

const HEAD = '{"kind":"Pod","apiVersion":"v1","metadata":{';
const stored = Buffer.from(`${HEAD}"name":"a","uid":"ü"},"spec":{"x":1}}`);

test("the resource version comes first in the metadata", () => {
  expect(serve(stored, HEAD.length, 12).toString()).toBe(
    `${HEAD}"resourceVersion":"12","name":"a","uid":"ü"},"spec":{"x":1}}`,
  );
  const empty = Buffer.from(`${HEAD}}}`);
  expect(serve(empty, HEAD.length, 12).toString()).toBe(`${HEAD}"resourceVersion":"12"}}`);
});

test("a line and its object share memory", () => {
  const { line, bytes } = serveLine("ADDED", stored, HEAD.length, 7);
  expect(line.toString()).toBe(`{"type":"ADDED","object":${bytes.toString()}}\n`);
  expect(bytes).toEqual(serve(stored, HEAD.length, 7));
  expect(bytes.buffer).toBe(line.buffer);
  expect(wrapLine("MODIFIED", bytes).toString()).toBe(
    `{"type":"MODIFIED","object":${bytes.toString()}}\n`,
  );
});

test.each([
  [9, 10],
  [123, 124],
  [5, 99_999_999],
])("the resource version %i is replaced by %i", (from, to) => {
  const served = serve(stored, HEAD.length, from);
  const { line, bytes } = replaceVersionLine("DELETED", served, HEAD.length, from, to);
  expect(bytes).toEqual(serve(stored, HEAD.length, to));
  expect(line.toString()).toBe(`{"type":"DELETED","object":${bytes.toString()}}\n`);
});

test("names come from the key, and JSON is parsed only for selectors", () => {
  let parsed = 0;
  const form: ObjectForm = {
    prefix: "/registry/pods/",
    headLength: HEAD.length,
    extract: (value, memo) => {
      parsed++;
      const { metadata } = (memo ?? JSON.parse(value.toString())) as {
        metadata: { name: string; uid: string };
      };
      return { namespace: "", name: "", labels: { uid: metadata.uid }, fields: { f: "1" } };
    },
  };
  const key = "/registry/pods/default/web-1";
  const bytes = serve(stored, HEAD.length, 3);
  const object = new CachedObject(form, key, namespaceOf(form.prefix, key), 3, bytes);
  expect([object.namespace, object.name]).toEqual(["default", "web-1"]);
  expect(parsed).toBe(0);
  expect(object.labels).toEqual({ uid: "ü" });
  expect(object.fields).toEqual({ f: "1" });
  expect(object.at(4, bytes).labels).toEqual({ uid: "ü" });
  expect(parsed).toBe(1);
  const cluster = new CachedObject(form, "/registry/pods/n1", "", 3, bytes);
  expect(cluster.name).toBe("n1");
  cluster.remember(bytes, { metadata: { uid: "memo" } });
  expect(cluster.labels).toEqual({ uid: "memo" });
});
