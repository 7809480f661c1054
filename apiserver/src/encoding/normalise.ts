// From a parsed JSON value to what upstream's Go round trip would print of it: members in struct
// order, empty ones left out where upstream leaves them out, structs always present, quantities
// and times in canonical form. One closure per type.
//
// This is the hot path of every write. It knows no error texts: whatever is not as it should be
// throws UNUSUAL, and the caller goes over the document again, slowly, to find out what upstream
// would say (diagnose.ts).
import { canonical } from "@coracle/shared/machinery/quantity";
import { canonicalMicroTime, canonicalTime, formatDuration, parseDuration } from "./go-time.ts";
import type { Member, Scalar, Shape } from "./type-shape.ts";
import { structShape } from "./type-shape.ts";

export const UNUSUAL = new Error("not what the fast path expects");

/** A number as it was written, where a JavaScript number would not tell (`1.0`, `1e3`, integers
 *  above 2^53). */
export class NumberLiteral {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export interface Tally {
  /** Object keys met so far: fewer than the document has means that it repeats one. */
  keys: number;
  /** Drop unknown fields instead of throwing UNUSUAL. */
  tolerant: boolean;
  /** Integers that are too large for 32 bits are cut, not refused: as upstream's converter of unstructured objects does. */
  wraps?: boolean;
  /** The value is the caller's own, fresh from JSON.parse: what is right already stays in place. */
  reuse?: boolean;
}

/** What `known` shares with the value has been through here before. */
type Normalise = (value: unknown, tally: Tally, known?: unknown) => unknown;

/** What a value becomes when it is there (never null), and what Go prints for its zero value. */
interface ValueCodec {
  normalise: Normalise;
  zero: () => unknown;
  isEmpty: (value: unknown) => boolean;
}

type Struct = Record<string, unknown>;

const never = (): boolean => false;

function normaliseString(value: unknown): string {
  if (typeof value !== "string") throw UNUSUAL;
  return value;
}

function normaliseBoolean(value: unknown): boolean {
  if (typeof value !== "boolean") throw UNUSUAL;
  return value;
}

function normaliseInt32(value: unknown, tally?: Tally): number {
  if (typeof value !== "number" || (value | 0) !== value) return wrapped(value, tally);
  // Go has no negative zero in an integer.
  return value | 0;
}

/** Only the lowest 32 bits, as Go converts a larger integer. */
function wrapped(value: unknown, tally: Tally | undefined): number {
  const number = value instanceof NumberLiteral ? Number(value.text) : value;
  if (tally?.wraps !== true || !Number.isInteger(number)) throw UNUSUAL;
  return Number(BigInt.asIntN(32, BigInt(number as number)));
}

function normaliseInt64(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  if (value instanceof NumberLiteral) return nearestInt64(Number(value.text));
  throw UNUSUAL;
}

/** Beyond 2^53 a JavaScript number is not exact, but it has to stay an int64 for others. */
const nearestInt64 = (value: number): number => Math.min(value, INT64_DOUBLE_MAX);
const INT64_DOUBLE_MAX = 2 ** 63 - 1024;

function normaliseDouble(value: unknown): number {
  if (typeof value === "number") return value;
  if (value instanceof NumberLiteral) return Number(value.text);
  throw UNUSUAL;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function normaliseBytes(value: unknown): string {
  if (Array.isArray(value)) return Buffer.from(value as number[]).toString("base64");
  if (typeof value !== "string") throw UNUSUAL;
  if (BASE64.test(value)) return lastBitsAreZero(value) ? value : recoded(value);
  return recoded(value);
}

/** Spare bits of the last quantum that are set would not survive Go's decoding. */
function lastBitsAreZero(text: string): boolean {
  if (text.endsWith("==")) return "AQgw".includes(text.charAt(text.length - 3));
  return !text.endsWith("=") || "AEIMQUYcgkosw048".includes(text.charAt(text.length - 2));
}

function recoded(text: string): string {
  const clean = text.replace(/[\r\n]/g, "");
  if (!BASE64.test(clean)) throw UNUSUAL;
  return Buffer.from(clean, "base64").toString("base64");
}

function normaliseIntOrString(value: unknown): number | string {
  return typeof value === "string" ? value : normaliseInt32(value);
}

/** Most quantities are among a few: parsed once. */
const quantities = new Map<string, string>();
const QUANTITIES_MAX = 4096;
const QUANTITY_LENGTH_MAX = 40;

function normaliseQuantity(value: unknown): string {
  const text =
    typeof value === "string"
      ? value
      : typeof value === "number"
        ? String(value)
        : value instanceof NumberLiteral
          ? value.text
          : undefined;
  if (text === undefined) throw UNUSUAL;
  const known = quantities.get(text);
  if (known !== undefined) return known;
  const result = orUnusual(() => canonical(text.trim()));
  if (text.length > QUANTITY_LENGTH_MAX) return result;
  if (quantities.size >= QUANTITIES_MAX) quantities.clear();
  quantities.set(text, result);
  return result;
}

/** The text of an error is diagnose.ts's concern. */
function orUnusual<T>(parse: () => T): T {
  try {
    return parse();
  } catch {
    throw UNUSUAL;
  }
}

function normaliseDuration(value: unknown): string {
  const text = normaliseString(value);
  return orUnusual(() => formatDuration(parseDuration(text)));
}

function normaliseRaw(value: unknown, tally: Tally): unknown {
  if (typeof value !== "object" || value === null) {
    if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) throw UNUSUAL;
    return value;
  }
  if (value instanceof NumberLiteral) return Number(value.text);
  if (Array.isArray(value)) return value.map((item) => normaliseRaw(item, tally));
  const out: Struct = {};
  for (const key in value) {
    tally.keys++;
    setMember(out, key, normaliseRaw((value as Struct)[key], tally));
  }
  return out;
}

/** Assignment to `__proto__` would not make a member. */
function setMember(out: Struct, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(out, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  else out[key] = value;
}

const isEmptyText = (value: unknown): boolean => value === "";
const isZeroNumber = (value: unknown): boolean => value === 0;

const scalarCodecs: Readonly<Record<Scalar, ValueCodec>> = {
  string: { normalise: normaliseString, zero: () => "", isEmpty: isEmptyText },
  boolean: { normalise: normaliseBoolean, zero: () => false, isEmpty: (v) => v === false },
  int32: { normalise: normaliseInt32, zero: () => 0, isEmpty: isZeroNumber },
  int64: { normalise: normaliseInt64, zero: () => 0, isEmpty: isZeroNumber },
  double: { normalise: normaliseDouble, zero: () => 0, isEmpty: isZeroNumber },
  bytes: { normalise: normaliseBytes, zero: () => null, isEmpty: isEmptyText },
  Quantity: { normalise: normaliseQuantity, zero: () => "0", isEmpty: never },
  IntOrString: { normalise: normaliseIntOrString, zero: () => 0, isEmpty: never },
  Time: {
    normalise: (value) => orUnusual(() => canonicalTime(normaliseString(value))),
    zero: () => null,
    isEmpty: never,
  },
  MicroTime: {
    normalise: (value) => orUnusual(() => canonicalMicroTime(normaliseString(value))),
    zero: () => null,
    isEmpty: never,
  },
  Duration: { normalise: normaliseDuration, zero: () => "0s", isEmpty: never },
  raw: { normalise: normaliseRaw, zero: () => null, isEmpty: never },
};

const NOTHING_KNOWN: readonly unknown[] = [];

/** The very same list or object. */
const isSettled = (value: unknown, known: unknown): boolean =>
  value === known && typeof value === "object" && value !== null;

function listCodec(element: ValueCodec): ValueCodec {
  const { normalise, zero } = element;
  return {
    normalise: (value, tally, known) => {
      if (!Array.isArray(value)) throw UNUSUAL;
      const before = Array.isArray(known) ? known : NOTHING_KNOWN;
      const out = tally.reuse === true ? value : new Array<unknown>(value.length);
      for (let i = 0; i < value.length; i++) {
        const item = value[i];
        if (item === null) out[i] = zero();
        else out[i] = isSettled(item, before[i]) ? item : normalise(item, tally, before[i]);
      }
      return out;
    },
    zero: () => null,
    isEmpty: (value) => value === null || (value as unknown[]).length === 0,
  };
}

function isObject(value: unknown): value is Struct {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof NumberLiteral)
  );
}

function isSorted(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++)
    if ((keys[i - 1] as string) > (keys[i] as string)) return false;
  return true;
}

/** Go prints the keys of a map sorted. */
function mapCodec(element: ValueCodec): ValueCodec {
  const { normalise, zero } = element;
  return {
    normalise: (value, tally) => {
      if (!isObject(value)) throw UNUSUAL;
      const keys = Object.keys(value);
      tally.keys += keys.length;
      const sorted = isSorted(keys);
      if (!sorted) keys.sort();
      const out: Struct = tally.reuse === true && sorted ? value : {};
      for (const key of keys) {
        const item = value[key];
        setMember(out, key, item === null ? zero() : normalise(item, tally));
      }
      return out;
    },
    zero: () => null,
    isEmpty: (value) => {
      for (const _ in value as Struct) return false;
      return true;
    },
  };
}

function eitherCodec(options: readonly Shape[]): ValueCodec {
  const list = options.find((option) => option.kind === "list");
  const struct = options.find((option) => option.kind === "struct");
  const lazily = (shape: Shape | undefined, value: unknown, tally: Tally): unknown => {
    if (shape === undefined) throw UNUSUAL;
    return valueCodec(shape).normalise(value, tally);
  };
  return {
    normalise: (value, tally) => {
      if (typeof value === "boolean" && list === undefined) return value;
      return lazily(Array.isArray(value) ? list : struct, value, tally);
    },
    zero: () => null,
    isEmpty: never,
  };
}

function valueCodec(shape: Shape): ValueCodec {
  switch (shape.kind) {
    case "scalar":
      return scalarCodecs[shape.scalar];
    case "list":
      return listCodec(valueCodec(shape.element));
    case "map":
      return mapCodec(valueCodec(shape.element));
    case "either":
      return eitherCodec(shape.options);
    case "struct":
      return structCodec(shape.typeName);
  }
}

/** A member as the struct's closure uses it; `undefined` from either function leaves the member
 *  out. */
interface MemberCodec {
  name: string;
  index: number;
  normalise: Normalise;
  absent: (() => unknown) | undefined;
}

function memberCodec(member: Member): MemberCodec {
  const { fact, name, index } = member;
  const codec = valueCodec(member.shape);
  const { isEmpty, normalise } = codec;
  if (fact.pointer === true)
    return { name, index, normalise, absent: fact.omitEmpty === true ? undefined : () => null };
  if (fact.omitZero === true) {
    const isZero = (value: unknown): boolean => value === null || isEmpty(value);
    return { name, index, normalise: omitting(normalise, isZero), absent: undefined };
  }
  if (fact.omitEmpty !== true || isEmpty === never)
    return { name, index, normalise, absent: codec.zero };
  return { name, index, normalise: omitting(normalise, isEmpty), absent: undefined };
}

function omitting(normalise: Normalise, isEmpty: (value: unknown) => boolean): Normalise {
  return (value, tally, known) => {
    const result = normalise(value, tally, known);
    return isEmpty(result) ? undefined : result;
  };
}

interface StructPlan {
  byName: Map<string, MemberCodec>;
  /** Printed even when absent, in order. */
  always: MemberCodec[];
}

const codecs = new Map<string, ValueCodec>();

function structCodec(typeName: string): ValueCodec {
  const known = codecs.get(typeName);
  if (known !== undefined) return known;
  // Members are looked up at the first use, since types may contain themselves.
  let plan: StructPlan | undefined;
  const planned = (): StructPlan => {
    if (plan === undefined) {
      const members = structShape(typeName).members.map(memberCodec);
      plan = {
        byName: new Map(members.map((member) => [member.name, member])),
        always: members.filter((member) => member.absent !== undefined),
      };
    }
    return plan;
  };
  const codec: ValueCodec = {
    normalise: (value, tally, known) => {
      if (!isObject(value)) throw UNUSUAL;
      return normaliseStruct(plan ?? planned(), value, tally, known as Struct | undefined);
    },
    zero: () => normaliseStruct(planned(), {}, { keys: 0, tolerant: true }),
    isEmpty: never,
  };
  codecs.set(typeName, codec);
  return codec;
}

function normaliseStruct(plan: StructPlan, value: Struct, tally: Tally, known?: Struct): Struct {
  const { always, byName } = plan;
  const present: MemberCodec[] = [];
  let last = -1;
  let ordered = true;
  let missing = always.length;
  for (const key in value) {
    const member = byName.get(key);
    if (member === undefined) {
      if (!tally.tolerant) throw UNUSUAL;
      continue;
    }
    if (member.absent !== undefined) missing--;
    if (member.index < last) ordered = false;
    last = member.index;
    present.push(member);
  }
  tally.keys += present.length;
  if (!ordered) present.sort((a, b) => a.index - b.index);
  else if (missing === 0 && tally.reuse === true) return normaliseInPlace(present, value, tally);

  const out: Struct = {};
  let next = 0;
  for (const member of present) {
    next = fillAbsent(out, always, next, member.index);
    const before = known?.[member.name];
    const raw = value[member.name];
    const result = isSettled(raw, before) ? raw : normaliseMember(member, value, tally, before);
    if (result !== undefined) out[member.name] = result;
  }
  fillAbsent(out, always, next, Number.POSITIVE_INFINITY);
  return out;
}

function normaliseMember(
  member: MemberCodec,
  value: Struct,
  tally: Tally,
  known?: unknown,
): unknown {
  const raw = value[member.name];
  return raw === null ? member.absent?.() : member.normalise(raw, tally, known);
}

/** Members are all there and in order: only their values may change, or be left out. */
function normaliseInPlace(present: readonly MemberCodec[], value: Struct, tally: Tally): Struct {
  let omits = false;
  for (const member of present) {
    const result = normaliseMember(member, value, tally);
    if (result === undefined) omits = true;
    if (result !== value[member.name]) value[member.name] = result;
  }
  if (!omits) return value;
  const out: Struct = {};
  for (const { name } of present) if (value[name] !== undefined) out[name] = value[name];
  return out;
}

/** Prints the absent members before position `until`; yields where to go on in `always`. */
function fillAbsent(out: Struct, always: MemberCodec[], from: number, until: number): number {
  let next = from;
  for (; next < always.length; next++) {
    const member = always[next] as MemberCodec;
    if (member.index >= until) return member.index === until ? next + 1 : next;
    out[member.name] = (member.absent as () => unknown)();
  }
  return next;
}

/** Throws UNUSUAL. `known`: a result of this function; what `value` shares with it is taken as it is. */
export function normaliseValue(
  typeName: string,
  value: unknown,
  tally: Tally,
  known?: object,
): Struct {
  const codec = structCodec(typeName);
  return (value === null ? codec.zero() : codec.normalise(value, tally, known)) as Struct;
}
