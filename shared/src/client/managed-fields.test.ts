import fc from "fast-check";
import { expect, it } from "vitest";
import { cutManagedFields } from "./managed-fields.ts";

const cut = (text: string): string => cutManagedFields(Buffer.from(text)).toString();

it.each([
  [
    "the last member",
    '{"metadata":{"name":"a","managedFields":[{"a":[1]}]},"spec":{}}',
    '{"metadata":{"name":"a"},"spec":{}}',
  ],
  ["the first", '{"metadata":{"managedFields":[],"name":"a"}}', '{"metadata":{"name":"a"}}'],
  ["the only one", '{"metadata":{"managedFields":[{}]}}', '{"metadata":{}}'],
  [
    "brackets and quotes in texts",
    '{"metadata":{"x":"]}\\\\","managedFields":[{"k:{\\"a\\":\\"]\\"}":"\\\\"}]}}',
    '{"metadata":{"x":"]}\\\\"}}',
  ],
])("cuts them: %s", (_name, text, expected) => {
  expect(cut(text)).toBe(expected);
});

it.each([
  ["there are none", '{"metadata":{"name":"a"},"spec":{"x":[]}}'],
  ["they are another member's", '{"metadata":{"name":"a"},"spec":{"managedFields":[1]}}'],
  ["they are a member of a member", '{"metadata":{"annotations":{"managedFields":[1]}}}'],
  ["they are a text", '{"metadata":{"annotations":{"a":"\\"managedFields\\":["}}}'],
  ["there is no metadata", '{"managedFields":[1]}'],
  ["they come before", '{"spec":{"managedFields":[1]},"metadata":{"name":"a"}}'],
])("leaves an object as it is when %s", (_name, text) => {
  expect(cut(text)).toBe(text);
});

it("leaves all the rest of any object as it is", () => {
  const metadata = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(
      metadata,
      fc.array(fc.jsonValue()),
      fc.jsonValue(),
      (members, managedFields, spec) => {
        const { managedFields: _, ...others } = members;
        const object = { kind: "Pod", metadata: { ...others, managedFields }, spec };
        const rest = { kind: "Pod", metadata: others, spec };
        expect(cut(JSON.stringify(object))).toBe(JSON.stringify(rest));
      },
    ),
  );
});
