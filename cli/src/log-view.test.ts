import { describe, expect, test } from "vitest";
import { failureIn, LogView } from "./log-view.ts";

function viewWithOutput(colors = false) {
  const written: string[] = [];
  const view = new LogView({ colors, write: (text) => written.push(text) });
  return { view, written };
}

const line = (fields: object) =>
  JSON.stringify({ level: "info", time: "2026-01-02T03:04:05.678Z", component: "x", ...fields });

describe("a line", () => {
  const { view } = viewWithOutput();

  test.each([
    [
      { msg: "bound pod", object: "pod default/web-1", node: "node-2", score: 97 },
      "03:04:05.678 scheduler          bound pod  pod default/web-1  node=node-2 score=97",
    ],
    [{ msg: "serving" }, "03:04:05.678 scheduler          serving"],
    [
      { msg: "x", why: "no room", zones: ["a"], empty: "" },
      '03:04:05.678 scheduler          x  why="no room" zones=["a"] empty=""',
    ],
    [{ level: "warn", msg: "slow" }, "03:04:05.678 scheduler          WARN slow"],
    [
      { level: "error", msg: "cannot bind", err: { type: "Error", message: "gone", stack: "…" } },
      "03:04:05.678 scheduler          ERROR cannot bind  error=gone",
    ],
  ])("%j", (fields, expected) => {
    expect(view.format("scheduler", line(fields))).toBe(expected);
  });

  test("that is not JSON is shown as it is", () => {
    const text = view.format("kubelet", "{ not json");
    expect(text).toBe("             kubelet            { not json");
  });

  test("has its component's colour", () => {
    const { view: colored } = viewWithOutput(true);
    const text = colored.format("kubelet", line({ msg: "x" }));
    expect(text).toContain("\u001b[32mkubelet");
  });
});

test("a line that comes in two parts is shown once it is whole", () => {
  const { view, written } = viewWithOutput();
  const text = `${line({ msg: "one" })}\n${line({ msg: "two" })}\n`;
  const rest = view.show("kubelet", text.slice(0, -10));
  expect(written).toEqual(["03:04:05.678 kubelet            one\n"]);
  expect(view.show("kubelet", rest + text.slice(-10))).toBe("");
  expect(written[1]).toBe("03:04:05.678 kubelet            two\n");
});

test("only error lines tell why a component ended", () => {
  expect(failureIn(line({ msg: "fine" }))).toBeUndefined();
  expect(failureIn("plain")).toBeUndefined();
  expect(failureIn(line({ level: "error", msg: "no store" }))).toBe("no store");
  expect(failureIn(line({ level: "fatal", msg: "no store", err: { message: "locked" } }))).toBe(
    "no store: locked",
  );
  expect(failureIn(line({ level: "error", msg: "cannot start", reason: "port in use" }))).toBe(
    "cannot start: port in use",
  );
});
