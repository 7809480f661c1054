// What upstream has to say about a JSON document that is to become an object of a type: the first
// type error in the words of Go's encoding/json, or else the unknown and repeated fields that
// strict decoding finds, in document order.
import { canonical } from "@coracle/shared/machinery/quantity";
import { canonicalMicroTime, canonicalTime, parseDuration } from "./go-time.ts";
import { hugeNumber, type JsonNode } from "./json-document.ts";
import type { Member, Scalar, Shape, StructShape } from "./type-shape.ts";
import { shapeOf, structShape } from "./type-shape.ts";

export interface Diagnosis {
  /** Why the document cannot become an object of the type at all. */
  error?: string;
  /** `unknown field "spec.foo"`, `duplicate field "metadata.name"`. Empty when there is an
   *  error. */
  strict: string[];
}

/** Upstream stops counting there. */
const STRICT_MAX = 100;

/** Ends the decoding at once: the error of a type that decodes itself (a quantity, a time). */
class Abort extends Error {}

export function diagnose(document: JsonNode, typeName: string): Diagnosis {
  const examiner = new Examiner();
  try {
    examiner.struct(document, structShape(typeName), shapeOf(typeName).goType);
  } catch (error) {
    if (error instanceof Abort) return { error: error.message, strict: [] };
    throw error;
  }
  if (examiner.saved !== undefined) return { error: examiner.saved, strict: [] };
  return { strict: [...examiner.strict] };
}

class Examiner {
  /** The first type error; decoding goes on behind it, because an Abort would win. */
  saved: string | undefined;
  readonly strict = new Set<string>();
  /** What type errors name: the struct, and JSON names without indices. */
  #structName = "";
  #fields: string[] = [];
  /** What strict errors name: with indices and map keys. */
  #path = "";

  #mismatch(what: string, goType: string): string {
    if (this.#structName === "" && this.#fields.length === 0)
      return `json: cannot unmarshal ${what} into Go value of type ${goType}`;
    const field = `${this.#structName}.${this.#fields.join(".")}`;
    return `json: cannot unmarshal ${what} into Go struct field ${field} of type ${goType}`;
  }

  #save(message: string): void {
    this.saved ??= message;
  }

  #strictError(what: string, field: string): void {
    if (this.strict.size >= STRICT_MAX) return;
    const path = this.#path === "" ? field : `${this.#path}.${field}`;
    this.strict.add(`${what} field ${JSON.stringify(path)}`);
  }

  #at(step: string, examine: () => void): void {
    const before = this.#path;
    this.#path = before === "" ? step.replace(/^\./, "") : before + step;
    examine();
    this.#path = before;
  }

  #value(node: JsonNode, shape: Shape): void {
    if (shape.kind === "scalar") this.#scalar(node, shape.scalar, shape.goType);
    else if (node.type === "null" || shape.kind === "either") return;
    else if (shape.kind === "struct") this.struct(node, structShape(shape.typeName), shape.goType);
    else if (shape.kind === "list") this.#list(node, shape.element, shape.goType);
    else this.#map(node, shape.element, shape.goType);
  }

  #list(node: JsonNode, element: Shape, goType: string): void {
    if (node.type !== "array") {
      this.#save(this.#mismatch(node.type, goType));
      return;
    }
    node.items.forEach((item, index) => {
      this.#at(`[${index}]`, () => this.#value(item, element));
    });
  }

  #map(node: JsonNode, element: Shape, goType: string): void {
    if (node.type !== "object") {
      this.#save(this.#mismatch(node.type, goType));
      return;
    }
    const seen = new Set<string>();
    for (const { key, value } of node.members) {
      if (seen.has(key)) this.#strictError("duplicate", key);
      seen.add(key);
      this.#at(`.${key}`, () => this.#value(value, element));
    }
  }

  struct(node: JsonNode, shape: StructShape, goType: string): void {
    if (node.type === "null") return;
    if (node.type !== "object") {
      this.#save(this.#mismatch(node.type, goType));
      return;
    }
    const seen = new Set<string>();
    for (const { key, value } of node.members) {
      const member = shape.byName.get(key);
      if (member === undefined) {
        this.#strictError("unknown", key);
        continue;
      }
      if (seen.has(key)) this.#strictError("duplicate", key);
      seen.add(key);
      this.#member(value, member, shape);
    }
  }

  #member(value: JsonNode, member: Member, shape: StructShape): void {
    const structName = this.#structName;
    const fields = this.#fields;
    this.#structName = shape.goName;
    this.#fields = [...fields, ...member.embedded, member.name];
    this.#at(`.${member.name}`, () => this.#value(value, member.shape));
    this.#structName = structName;
    this.#fields = fields;
  }

  #scalar(node: JsonNode, scalar: Scalar, goType: string): void {
    if (node.type === "null") {
      if (scalar === "Duration") this.#decodesItself(() => parseDuration(""));
      return;
    }
    switch (scalar) {
      case "string":
        if (node.type !== "string") this.#save(this.#mismatch(node.type, goType));
        return;
      case "boolean":
        if (node.type !== "bool") this.#save(this.#mismatch(node.type, goType));
        return;
      case "int32":
      case "int64":
      case "double":
        this.#number(node, scalar, goType);
        return;
      case "bytes":
        this.#bytes(node, goType);
        return;
      case "IntOrString":
        this.#intOrString(node);
        return;
      case "Quantity":
        this.#quantity(node);
        return;
      case "Time":
        this.#text(node, canonicalTime);
        return;
      case "MicroTime":
        this.#text(node, canonicalMicroTime);
        return;
      case "Duration":
        this.#text(node, parseDuration);
        return;
      case "raw":
        this.#raw(node);
        return;
    }
  }

  #number(node: JsonNode, scalar: "int32" | "int64" | "double", goType: string): void {
    if (node.type !== "number") {
      this.#save(this.#mismatch(node.type, goType));
      return;
    }
    if (!fits(node.text, scalar)) this.#save(this.#mismatch(`number ${node.text}`, goType));
  }

  /** Upstream keeps the bytes as they are; a value here could not be written again. */
  #raw(node: JsonNode): void {
    const huge = hugeNumber(node);
    if (huge !== undefined) this.#save(this.#mismatch(`number ${huge}`, "float64"));
  }

  #bytes(node: JsonNode, goType: string): void {
    if (node.type === "array") {
      this.#list(node, { kind: "scalar", scalar: "int32", goType: "uint8", typeName: "" }, goType);
      return;
    }
    if (node.type !== "string") {
      this.#save(this.#mismatch(node.type, goType));
      return;
    }
    const corrupt = corruptBase64(node.value);
    if (corrupt >= 0) this.#save(`illegal base64 data at input byte ${corrupt}`);
  }

  #intOrString(node: JsonNode): void {
    if (node.type === "string") return;
    if (node.type !== "number") throw new Abort(this.#mismatch(node.type, "int32"));
    if (!fits(node.text, "int32")) throw new Abort(this.#mismatch(`number ${node.text}`, "int32"));
  }

  /** A quantity parses whatever text the value has. */
  #quantity(node: JsonNode): void {
    const text =
      node.type === "string"
        ? node.value
        : node.type === "number"
          ? node.text
          : node.type === "bool"
            ? String(node.value)
            : "{}";
    this.#decodesItself(() => canonical(text.trim()));
  }

  #text(node: JsonNode, parse: (text: string) => unknown): void {
    if (node.type !== "string") throw new Abort(this.#mismatch(node.type, "string"));
    this.#decodesItself(() => parse(node.value));
  }

  #decodesItself(parse: () => unknown): void {
    try {
      parse();
    } catch (error) {
      throw new Abort((error as Error).message);
    }
  }
}

const ranges = { int32: 2n ** 31n, int64: 2n ** 63n } as const;

function fits(text: string, scalar: "int32" | "int64" | "double"): boolean {
  if (scalar === "double") return Number.isFinite(Number(text));
  if (!/^-?\d+$/.test(text)) return false;
  const value = BigInt(text);
  return value < ranges[scalar] && value >= -ranges[scalar];
}

/** Where Go's base64 decoder gives up; -1 when it does not. */
export function corruptBase64(text: string): number {
  const valid = /[A-Za-z0-9+/]/;
  const skip = (at: number): number => {
    let next = at;
    while (text[next] === "\n" || text[next] === "\r") next++;
    return next;
  };
  let at = 0;
  for (;;) {
    for (let j = 0; j < 4; j++) {
      at = skip(at);
      const c = text[at];
      if (c === undefined) return j === 0 ? -1 : at - j;
      at++;
      if (valid.test(c)) continue;
      if (c !== "=" || j < 2) return at - 1;
      if (j === 2) {
        at = skip(at);
        if (at === text.length) return text.length;
        if (text[at] !== "=") return at - 1;
        at++;
      }
      at = skip(at);
      return at < text.length ? at : -1;
    }
  }
}
