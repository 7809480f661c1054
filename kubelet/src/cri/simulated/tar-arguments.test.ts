import { expect, it } from "vitest";
import { withRelativeMembers } from "./tar-arguments.ts";

it.each([
  ["cf - /tmp/f", "cf - -C / tmp/f"],
  ["-czf /out.tar /tmp/f /var/log", "-czf /out.tar -C / tmp/f var/log"],
  ["cf - tmp/f", undefined],
  ["xmf - -C /data", undefined],
  ["tf /out.tar", undefined],
  ["cf - -C /data f", undefined],
])("tar %s becomes tar %s", (given, expected) => {
  expect(withRelativeMembers(given.split(" "))?.join(" ")).toBe(expected);
});
