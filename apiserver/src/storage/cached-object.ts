// One state of one object as it is served: its JSON with the resource version, made once per revision and shared by get, list and
// watch. The JSON is not parsed unless a selector asks.

export interface Extracted {
  namespace: string;
  name: string;
  labels: Record<string, string> | undefined;
  /** Values of the field selectors. */
  fields: Record<string, string>;
}

/** What selectors need, out of stored or served bytes; `memo` is what the writer in this process left with the write. */
export type Extract = (value: Buffer, memo: unknown) => Extracted;

/** How to make objects of one resource. */
export interface ObjectForm {
  prefix: string;
  /** Bytes before the first member of `metadata`. */
  headLength: number;
  extract: Extract;
}

const NO_FIELDS: Readonly<Record<string, string>> = {};

export class CachedObject {
  readonly key: string;
  readonly namespace: string;
  readonly revision: number;
  /** Served form, with resourceVersion. */
  readonly bytes: Buffer;
  readonly #form: ObjectForm;
  #labels: Readonly<Record<string, string>> | undefined;
  /** undefined = not extracted yet. */
  #fields: Readonly<Record<string, string>> | undefined;

  constructor(form: ObjectForm, key: string, namespace: string, revision: number, bytes: Buffer) {
    this.#form = form;
    this.key = key;
    this.namespace = namespace;
    this.revision = revision;
    this.bytes = bytes;
  }

  get name(): string {
    const { prefix } = this.#form;
    const skip = this.namespace === "" ? 0 : this.namespace.length + 1;
    return this.key.slice(prefix.length + skip);
  }

  get labels(): Readonly<Record<string, string>> | undefined {
    if (this.#fields === undefined) this.#extract(this.bytes, undefined);
    return this.#labels;
  }

  get fields(): Readonly<Record<string, string>> {
    if (this.#fields === undefined) this.#extract(this.bytes, undefined);
    return this.#fields ?? NO_FIELDS;
  }

  /** Takes labels and fields from the memo now, while it is at hand, so that the JSON is never parsed. */
  remember(value: Buffer, memo: unknown): void {
    if (memo !== undefined) this.#extract(value, memo);
  }

  /** The same object with other bytes at another revision: what a deletion serves. */
  at(revision: number, bytes: Buffer): CachedObject {
    const copy = new CachedObject(this.#form, this.key, this.namespace, revision, bytes);
    copy.#labels = this.#labels;
    copy.#fields = this.#fields;
    return copy;
  }

  #extract(value: Buffer, memo: unknown): void {
    const { labels, fields } = this.#form.extract(value, memo);
    this.#labels = labels;
    this.#fields = fields;
  }
}

/** The namespace in a key below `prefix`; "" for the key of a cluster-scoped object. */
export function namespaceOf(prefix: string, key: string): string {
  const slash = key.indexOf("/", prefix.length);
  return slash < 0 ? "" : key.slice(prefix.length, slash);
}

const TAIL = "}\n";
const VERSION_START = '"resourceVersion":"';

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

const HEADS: Record<EventType, string> = {
  ADDED: '{"type":"ADDED","object":',
  MODIFIED: '{"type":"MODIFIED","object":',
  DELETED: '{"type":"DELETED","object":',
};

/** A watch line; `bytes` is the object inside of it and shares its memory. */
export interface EventLine {
  line: Buffer;
  bytes: Buffer;
}

/** From the stored form: splices the resource version in. */
export function serve(value: Buffer, headLength: number, revision: number): Buffer {
  const version = versionMember(value, headLength, revision);
  // Not from the pool: an object lives long, and would keep its neighbours' memory alive.
  const bytes = Buffer.allocUnsafeSlow(value.length + version.length);
  writeServed(bytes, 0, value, headLength, version);
  return bytes;
}

/** As serve, within a watch line. */
export function serveLine(
  type: EventType,
  value: Buffer,
  headLength: number,
  revision: number,
): EventLine {
  const version = versionMember(value, headLength, revision);
  const start = HEADS[type].length;
  const end = start + value.length + version.length;
  const line = Buffer.allocUnsafeSlow(end + TAIL.length);
  line.write(HEADS[type], 0, "latin1");
  writeServed(line, start, value, headLength, version);
  line.write(TAIL, end, "latin1");
  return { line, bytes: line.subarray(start, end) };
}

/** From a served form of `from`: replaces its resource version by `to`. */
export function replaceVersionLine(
  type: EventType,
  served: Buffer,
  headLength: number,
  from: number,
  to: number,
): EventLine {
  const digits = headLength + VERSION_START.length;
  const behind = digits + String(from).length;
  const version = String(to);
  const start = HEADS[type].length;
  const end = start + served.length - String(from).length + version.length;
  const line = Buffer.allocUnsafeSlow(end + TAIL.length);
  line.write(HEADS[type], 0, "latin1");
  served.copy(line, start, 0, digits);
  line.write(version, start + digits, "latin1");
  served.copy(line, start + digits + version.length, behind);
  line.write(TAIL, end, "latin1");
  return { line, bytes: line.subarray(start, end) };
}

/** A line around bytes that are already served as they should be. */
export function wrapLine(type: EventType, served: Buffer): Buffer {
  const start = HEADS[type].length;
  const line = Buffer.allocUnsafeSlow(start + served.length + TAIL.length);
  line.write(HEADS[type], 0, "latin1");
  served.copy(line, start);
  line.write(TAIL, start + served.length, "latin1");
  return line;
}

const CLOSING_BRACE = 0x7d;

function versionMember(value: Buffer, headLength: number, revision: number): string {
  const comma = value[headLength] === CLOSING_BRACE ? "" : ",";
  return `${VERSION_START}${revision}"${comma}`;
}

function writeServed(
  target: Buffer,
  at: number,
  value: Buffer,
  headLength: number,
  version: string,
): void {
  value.copy(target, at, 0, headLength);
  target.write(version, at + headLength, "latin1");
  value.copy(target, at + headLength + version.length, headLength);
}
