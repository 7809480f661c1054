import { describe, expect, it } from "vitest";
import { decodeApply, decodeDeleteOptions, decodePatch, parseJson } from "./decode.ts";
import { encodeProtobuf } from "./protobuf.ts";

describe("decodeDeleteOptions", () => {
  const decode = (text: string, type = "application/json") =>
    decodeDeleteOptions(Buffer.from(text), type);

  it("takes JSON, YAML, protobuf and nothing", () => {
    const options = { gracePeriodSeconds: 0, propagationPolicy: "Foreground" };
    expect(decode(JSON.stringify(options))).toEqual(options);
    expect(
      decode("gracePeriodSeconds: 0\npropagationPolicy: Foreground", "application/yaml"),
    ).toEqual(options);
    const body = encodeProtobuf({ kind: "DeleteOptions", apiVersion: "v1", ...options });
    expect(decodeDeleteOptions(body, "application/vnd.kubernetes.protobuf")).toEqual(options);
    expect(decode("")).toEqual({});
  });

  it("takes any group's DeleteOptions", () => {
    const text = '{"kind":"DeleteOptions","apiVersion":"apps/v1","gracePeriodSeconds":5}';
    expect(decode(text).gracePeriodSeconds).toBe(5);
  });

  it("refuses with the reader's words", () => {
    expect(() => decode("{")).toThrow(
      "couldn't get version/kind; json parse error: unexpected end of JSON input",
    );
    expect(() => decode('{"gracePeriodSeconds":"x"}')).toThrow(
      "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64",
    );
  });
});

describe("patches", () => {
  it("parseJson refuses in Go's words", () => {
    expect(parseJson(Buffer.from('{"a":1}'))).toEqual({ a: 1 });
    expect(() => parseJson(Buffer.from("{a}"))).toThrow(
      "error decoding patch: invalid character 'a' looking for beginning of object key string",
    );
  });

  it("decodePatch finds repeated keys and wrong shapes", () => {
    const body = Buffer.from('{"spec":{"replicas":1,"replicas":2}}');
    expect(decodePatch(body, "merge", "Warn")).toEqual({
      patch: { spec: { replicas: 2 } },
      strict: ['duplicate field "spec.replicas"'],
    });
    expect(decodePatch(body, "merge", "Ignore").strict).toEqual([]);
    expect(() => decodePatch(Buffer.from("[]"), "merge", "Warn")).toThrow(
      "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
    );
  });

  it("decodeApply keeps exactly what was given", () => {
    const { object, warnings } = decodeApply(
      Buffer.from("kind: Pod\nmetadata: {name: a}\nspec: {}\nspec: {hostname: x}"),
      undefined,
      "Warn",
    );
    expect(object).toEqual({ kind: "Pod", metadata: { name: "a" }, spec: { hostname: "x" } });
    expect(warnings).toEqual(['line 4: key "spec" already set in map']);
  });
});
