import type { StatusError } from "@coracle/shared/machinery/status-error";
import { describe, expect, it } from "vitest";
import type { FieldValidation } from "./decode.ts";
import { decodeObject, decodeValue } from "./decode.ts";

const POD = { group: "", version: "v1", kind: "Pod" };
const CONFIG_MAP = { group: "", version: "v1", kind: "ConfigMap" };
const DEPLOYMENT = { group: "apps", version: "v1", kind: "Deployment" };
const CONTROLLER_REVISION = { group: "apps", version: "v1", kind: "ControllerRevision" };
const SECRET = { group: "", version: "v1", kind: "Secret" };
const LEASE = { group: "coordination.k8s.io", version: "v1", kind: "Lease" };

const decode = (
  text: string,
  of = POD,
  validation: FieldValidation = "Warn",
  type: string | undefined = "application/json",
) => decodeObject(Buffer.from(text), type, of, validation);

function failure(...args: Parameters<typeof decode>): { code: number; message: string } {
  try {
    decode(...args);
  } catch (error) {
    const { code, message } = error as StatusError;
    return { code, message };
  }
  throw new Error("was decoded");
}

const pod = (container: object): string =>
  JSON.stringify({ metadata: { name: "a" }, spec: { containers: [{ name: "c", ...container }] } });

describe("the object is what upstream's round trip prints", () => {
  it.each([
    [
      "structs are always there",
      "{}",
      POD,
      '{"kind":"Pod","apiVersion":"v1","metadata":{},"spec":{"containers":null},"status":{}}',
    ],
    [
      "strategy too",
      "{}",
      DEPLOYMENT,
      '{"kind":"Deployment","apiVersion":"apps/v1","metadata":{},"spec":{"selector":null,"template":{"metadata":{},"spec":{"containers":null}},"strategy":{}},"status":{}}',
    ],
    [
      "a version that says nothing is the path's",
      '{"apiVersion":"apps/v1","kind":"Lease","spec":{},"apiVersion":"/"}',
      LEASE,
      '{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{},"spec":{}}',
    ],
    [
      "half of one too",
      '{"apiVersion":"coordination.k8s.io/","kind":"Lease"}',
      LEASE,
      '{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{},"spec":{}}',
    ],
    [
      "null is absent",
      '{"metadata":{"name":null,"labels":null},"data":null}',
      CONFIG_MAP,
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{}}',
    ],
    [
      "empty is left out",
      '{"metadata":{"name":"","labels":{}},"data":{}}',
      CONFIG_MAP,
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{}}',
    ],
    [
      "a pointer keeps its zero",
      '{"immutable":false}',
      CONFIG_MAP,
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{},"immutable":false}',
    ],
    [
      "members in struct order, map keys sorted",
      '{"data":{"b":"1","a":"2"},"metadata":{"namespace":"n","name":"a"}}',
      CONFIG_MAP,
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"n"},"data":{"a":"2","b":"1"}}',
    ],
    [
      "null bytes are null",
      '{"data":{"a":null,"b":""}}',
      SECRET,
      '{"kind":"Secret","apiVersion":"v1","metadata":{},"data":{"a":null,"b":""}}',
    ],
    [
      "micro times",
      '{"spec":{"renewTime":"2020-01-01T01:00:00.000000+01:00"}}',
      LEASE,
      '{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{},"spec":{"renewTime":"2020-01-01T00:00:00.000000Z"}}',
    ],
  ])("%s", (_what, text, of, want) => {
    expect(JSON.stringify(decode(text, of).object)).toBe(want);
  });

  it("canonicalises quantities and takes numbers for them", () => {
    const { object } = decode(
      '{"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":0.50,"memory":1e3,"x":null},"requests":{"cpu":"1000m"}}}]}}',
    );
    const { containers } = (object as unknown as { spec: { containers: unknown[] } }).spec;
    expect(containers).toEqual([
      {
        name: "c",
        resources: { limits: { cpu: "500m", memory: "1e3", x: "0" }, requests: { cpu: "1" } },
      },
    ]);
  });

  it("normalises times to UTC seconds", () => {
    const { object } = decode('{"metadata":{"creationTimestamp":"2020-02-29T00:00:00.5+01:00"}}');
    expect(object.metadata.creationTimestamp).toBe("2020-02-28T23:00:00Z");
  });

  it("does not let a key reach the prototype", () => {
    const { object } = decode('{"metadata":{"labels":{"__proto__":"x"}}}');
    expect(Object.keys(object.metadata.labels ?? {})).toEqual(["__proto__"]);
  });
});

describe("type errors, in Go's words", () => {
  const json = (text: string) => `Pod in version "v1" cannot be handled as a Pod: ${text}`;
  it.each([
    [
      pod({ image: 5 }),
      "json: cannot unmarshal number into Go struct field Container.spec.containers.image of type string",
    ],
    [
      pod({ imagePullPolicy: {} }),
      "json: cannot unmarshal object into Go struct field Container.spec.containers.imagePullPolicy of type v1.PullPolicy",
    ],
    [
      '{"spec":{"containers":{}}}',
      "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
    ],
    [
      '{"metadata":"x"}',
      "json: cannot unmarshal string into Go struct field Pod.metadata of type v1.ObjectMeta",
    ],
    [
      '{"metadata":{"labels":{"a":true}}}',
      "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
    ],
    [
      '{"metadata":{"labels":["a"]}}',
      "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
    ],
    [
      pod({ ports: [{ containerPort: "80" }] }),
      "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
    ],
    [
      '{"spec":{"containers":[{"ports":[{"containerPort":80.0}]}]}}',
      "json: cannot unmarshal number 80.0 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
    ],
    [
      pod({ ports: [{ containerPort: 99999999999 }] }),
      "json: cannot unmarshal number 99999999999 into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32",
    ],
    [
      '{"spec":{"volumes":[{"hostPath":{"path":5}}]}}',
      "json: cannot unmarshal number into Go struct field HostPathVolumeSource.spec.volumes.VolumeSource.hostPath.path of type string",
    ],
    [
      pod({ livenessProbe: { httpGet: { port: true } } }),
      "json: cannot unmarshal bool into Go struct field HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32",
    ],
    [
      pod({ resources: { limits: { cpu: "1q" } } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      '{"metadata":{"creationTimestamp":5}}',
      "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
    ],
    [
      '{"metadata":{"creationTimestamp":"2020-1-01T00:00:00Z"}}',
      'parsing time "2020-1-01T00:00:00Z" as "2006-01-02T15:04:05Z07:00": cannot parse "1-01T00:00:00Z" as "01"',
    ],
    [
      '{"metadata":{"creationTimestamp":"2020-13-01T00:00:00Z"}}',
      'parsing time "2020-13-01T00:00:00Z": month out of range',
    ],
  ])("%s", (text, want) => {
    expect(failure(text)).toEqual({ code: 400, message: json(want) });
  });

  it.each(["1e400", "[1e400]", `{"a":{"b":${"9".repeat(400)}}}`])(
    "raw data takes no number that could not be written again: %s",
    (data) => {
      const { code, message } = failure(`{"revision":1,"data":${data}}`, CONTROLLER_REVISION);
      expect(code).toBe(400);
      expect(message).toMatch(
        /: json: cannot unmarshal number (1e400|9{400}) into Go struct field ControllerRevision.data of type float64$/,
      );
    },
  );

  it("bytes must be base64", () => {
    expect(failure('{"data":{"a":"%"}}', SECRET).message).toContain(
      "illegal base64 data at input byte 0",
    );
    expect(failure('{"data":{"a":5}}', SECRET).message).toContain(
      "Go struct field Secret.data of type []uint8",
    );
  });
});

describe("bodies that are no such object", () => {
  const unrecognized = (why: string) =>
    `the object provided is unrecognized (must be of type ConfigMap): ${why}`;
  const parse = (why: string) =>
    unrecognized(`couldn't get version/kind; json parse error: ${why}`);
  it.each([
    ["", parse("unexpected end of JSON input (<empty>)")],
    [
      '{"metadata":{"name":"a",}}',
      parse(
        'invalid character \'}\' looking for beginning of object key string ({"metadata":{"name":"a",}})',
      ),
    ],
    [
      '{"metadata":{}} x',
      parse("invalid character 'x' after top-level value ({\"metadata\":{}} x)"),
    ],
    [
      "[]",
      parse(
        'json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)',
      ),
    ],
    [
      '{"kind":5}',
      parse('json: cannot unmarshal number into Go struct field .kind of type string ({"kind":5})'),
    ],
    [
      '{"kind":"ConfigMap","apiVersion":"a/b/c","metadata":{"name":"a"}}',
      unrecognized('unexpected GroupVersion string: a/b/c ({"kind":"ConfigMap","apiVersio ...)'),
    ],
    [
      '{"kind":"Pod","apiVersion":"v1"}',
      'Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion',
    ],
    [
      '{"kind":"Foo","apiVersion":"v1"}',
      'Foo in version "v1" cannot be handled as a ConfigMap: no kind "Foo" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"',
    ],
    [
      '{"kind":"ConfigMap","apiVersion":"x/v1"}',
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "x/v1" in scheme "pkg/runtime/scheme.go:111"',
    ],
  ])("%s", (text, message) => {
    expect(failure(text, CONFIG_MAP)).toEqual({ code: 400, message });
  });

  it("other media types are 415", () => {
    const message =
      "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf";
    expect(failure("{}", CONFIG_MAP, "Warn", "text/plain")).toEqual({ code: 415, message });
    expect(failure("{}", CONFIG_MAP, "Warn", "application/json;q")).toEqual({ code: 415, message });
  });

  it("parameters of the media type do no harm, and none means JSON", () => {
    expect(decode("{}", CONFIG_MAP, "Warn", "application/json; charset=utf-8").warnings).toEqual(
      [],
    );
    expect(decodeObject(Buffer.from("{}"), undefined, CONFIG_MAP, "Warn").warnings).toEqual([]);
  });
});

describe("field validation", () => {
  const body =
    '{"metadata":{"name":"a","name":"b"},"foo":1,"Data":{},"metadata":{"labels":{"a":"1","a":"2"}}}';
  const findings = [
    'duplicate field "metadata.name"',
    'unknown field "foo"',
    'unknown field "Data"',
    'duplicate field "metadata"',
    'duplicate field "metadata.labels.a"',
  ];
  const merged =
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"b","labels":{"a":"2"}}}';

  it("Warn lists them, and repeated objects are merged", () => {
    const { object, warnings } = decode(body, CONFIG_MAP);
    expect(warnings).toEqual(findings);
    expect(JSON.stringify(object)).toBe(merged);
  });

  it("Ignore is silent", () => {
    const { object, warnings } = decode(body, CONFIG_MAP, "Ignore");
    expect(warnings).toEqual([]);
    expect(JSON.stringify(object)).toBe(merged);
  });

  it("Strict joins them", () => {
    expect(failure(body, CONFIG_MAP, "Strict")).toEqual({
      code: 400,
      message: `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ${findings.join(", ")}`,
    });
  });

  it("merges the elements of a repeated array, as Go decodes into what is there", () => {
    const { object } = decode(
      '{"spec":{"containers":[{"name":"a","image":"x"},{"name":"b"}],"containers":[{"name":"c"}]}}',
    );
    const { containers } = (object as unknown as { spec: { containers: unknown } }).spec;
    expect(containers).toEqual([{ name: "c", image: "x", resources: {} }]);
  });

  it("names indices", () => {
    const text = pod({ imagee: "x" });
    expect(decode(text).warnings).toEqual(['unknown field "spec.containers[0].imagee"']);
  });

  it("finds a repeated key behind an escape that hides it", () => {
    const { warnings } = decode('{"data":{"a":"1","\\u0061":"2"}}', CONFIG_MAP);
    expect(warnings).toEqual(['duplicate field "data.a"']);
  });
});

describe("YAML", () => {
  const yaml = (text: string, validation: FieldValidation = "Warn") =>
    decode(text, CONFIG_MAP, validation, "application/yaml");

  it("reads YAML 1.1 words as goyaml does", () => {
    const message = failure("data: {a: y}", CONFIG_MAP, "Warn", "application/yaml").message;
    expect(message).toContain(
      "json: cannot unmarshal bool into Go struct field ConfigMap.data of type string",
    );
    expect(yaml('data: {a: "y", b: 1:30, c: 2001-01-01}').object).toMatchObject({
      data: { a: "y", b: "1:30", c: "2001-01-01" },
    });
  });

  it("warns of repeated keys by line", () => {
    const { warnings, object } = yaml("metadata: {name: a}\nmetadata: {name: b}\nfoo: 1");
    expect(warnings).toEqual(['line 2: key "metadata" already set in map', 'unknown field "foo"']);
    expect(object.metadata.name).toBe("b");
  });

  it("takes the first document, and none as empty", () => {
    expect(yaml("metadata: {name: a}\n---\nmetadata: {name: b}").object.metadata.name).toBe("a");
    expect(yaml("").object.metadata).toEqual({});
  });

  it.each([
    ["a: b: c", "yaml: mapping values are not allowed in this context"],
    ["\ta: b", "yaml: found character that cannot start any token"],
    ["a: *b", "yaml: unknown anchor 'b' referenced"],
    ['a: "\\z"', "yaml: found unknown escape character"],
  ])("%j: %s", (text, why) => {
    const { message } = failure(text, CONFIG_MAP, "Warn", "application/yaml");
    expect(message).toBe(
      `the object provided is unrecognized (must be of type ConfigMap): ${why} (${Buffer.from(text).toString("hex")})`,
    );
  });
});

describe("decodeValue", () => {
  const TYPE = "io.k8s.api.core.v1.ConfigMap";

  it("applies the same rules", () => {
    const { object, warnings } = decodeValue({ data: { a: "1" }, foo: 1 }, TYPE, "Warn");
    expect(object).toEqual({ metadata: {}, data: { a: "1" } });
    expect(warnings).toEqual(['unknown field "foo"']);
  });

  it("refuses as a conversion from unstructured does, without a patch", () => {
    expect(() => decodeValue({ data: 5 }, TYPE, "Warn")).toThrow("cannot restore map from int64");
  });

  it("refuses as a patch does: 422 on the field patch", () => {
    const origin = { type: "merge", patch: { data: 5 }, strict: [] } as const;
    expect(() => decodeValue({ data: 5 }, TYPE, "Warn", origin)).toThrow(
      ' "" is invalid: patch: Invalid value: "{\\"data\\":5}": json: cannot unmarshal number into Go struct field ConfigMap.data of type map[string]string',
    );
  });
});
