import { describe, expect, it } from "vitest";
import { negotiate } from "./media-type.ts";

const form = (accept: string | undefined, more: object = {}) => {
  const { format, as, version } = negotiate(accept, { tables: true, ...more });
  return as === "object" ? format : `${format} ${as} ${version}`;
};

describe("negotiate", () => {
  it.each([
    [undefined, "json"],
    ["*/*", "json"],
    ["application/yaml", "yaml"],
    ["application/json;q=0.1,application/yaml", "yaml"],
    ["text/html, */*;q=0.1", "json"],
    ["application/vnd.kubernetes.protobuf, application/json", "protobuf"],
    ["application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "json table v1"],
    ["application/json;as=Table;v=v2;g=meta.k8s.io,application/json", "json"],
    ["application/json;as=PartialObjectMetadata;v=v1beta1;g=meta.k8s.io", "json partial v1beta1"],
    [
      "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
      "protobuf partial v1",
    ],
    ["application/json;stream=watch", "json"],
  ])("%s → %s", (accept, want) => expect(form(accept)).toBe(want));

  it("what go-restful does not produce is 406 in its words", () => {
    for (const accept of ["text/html", "application/*"])
      expect(() => form(accept)).toThrow(
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
      );
  });

  it("what cannot be converted is 406 in upstream's", () => {
    const words =
      "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";
    expect(() => form("application/json;as=Foo;v=v1;g=meta.k8s.io")).toThrow(words);
    expect(() => form("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io")).toThrow(
      words,
    );
    expect(() => form("application/json;stream=foo")).toThrow(words);
    expect(() => form("application/yaml", { stream: true })).toThrow(
      "only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
    );
  });

  it("is pretty for tools, unless told otherwise", () => {
    const pretty = (userAgent: string, query: string | null = null) =>
      negotiate("*/*", { tables: true, userAgent, pretty: query }).pretty;
    expect(pretty("curl/8.0")).toBe(true);
    expect(pretty("curl/8.0", "false")).toBe(false);
    expect(pretty("kubectl/1.33")).toBe(false);
    expect(pretty("kubectl/1.33", "1")).toBe(true);
    expect(negotiate("application/json;pretty=1", { tables: true }).pretty).toBe(true);
  });
});
