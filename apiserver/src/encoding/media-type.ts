// Which form of a reply a client accepts: upstream's two steps, go-restful's match of the bare
// media type and then the negotiation of parameters (`as=Table;v=v1;g=meta.k8s.io`, `pretty=1`),
// each with its own 406.
import type { StatusError } from "@coracle/shared/machinery/status-error";
import { statusError } from "@coracle/shared/machinery/status-error";

export type Format = "json" | "yaml" | "protobuf";

export interface Negotiated {
  format: Format;
  /** What the object is turned into; `table` and `partial` keep the version asked for in
   *  `version`. */
  as: "object" | "table" | "partial";
  pretty: boolean;
  /** `v1` or `v1beta1` of meta.k8s.io. */
  version: string;
  /** Of `partial`: PartialObjectMetadataList was asked for. */
  ofList?: boolean;
}

export interface NegotiationContext {
  /** Whether the resource has a table form. */
  tables: boolean;
  /** The query parameter `pretty`. */
  pretty?: string | null;
  userAgent?: string | undefined;
  /** A watch: only the media types that can be streamed. */
  stream?: boolean;
  /** A list's 406 names the streamed media types too. */
  lists?: boolean;
  /** Discovery is not matched by go-restful. */
  unrouted?: boolean;
  /** False where nothing can be turned into a Table or PartialObjectMetadata. Default true. */
  transforms?: boolean;
}

const formats: readonly { format: Format; subtype: string; streams: boolean }[] = [
  { format: "json", subtype: "json", streams: true },
  { format: "yaml", subtype: "yaml", streams: false },
  { format: "protobuf", subtype: "vnd.kubernetes.protobuf", streams: true },
];

export const mediaTypes: Readonly<Record<Format, string>> = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: "application/vnd.kubernetes.protobuf",
};

const PLAIN = Object.values(mediaTypes);
const STREAMING = formats
  .filter((f) => f.streams)
  .map((f) => `${mediaTypes[f.format]};stream=watch`);

interface Clause {
  type: string;
  subtype: string;
  quality: number;
  parameters: Map<string, string>;
}

/** Clauses in the client's order of preference. */
export function parseAccept(header: string): Clause[] {
  const clauses: Clause[] = [];
  for (const part of header.split(",")) {
    const [media = "", ...parameters] = part.trim().split(";");
    const [type = "", subtype = type === "*" ? "*" : "", ...more] = media.trim().split("/");
    if (subtype === "" || more.length > 0) continue;
    const clause: Clause = { type, subtype, quality: 1, parameters: new Map() };
    for (const parameter of parameters) {
      const [name = "", value, ...rest] = parameter.split("=");
      if (value === undefined || value === "" || rest.length > 0) continue;
      if (name.trim() === "q") clause.quality = Number.parseFloat(value) || 0;
      else clause.parameters.set(name.trim(), value.trim());
    }
    clauses.push(clause);
  }
  const wildness = (c: Clause): number => (c.type === "*" ? 2 : 0) + (c.subtype === "*" ? 1 : 0);
  return clauses.sort((a, b) => b.quality - a.quality || wildness(a) - wildness(b));
}

/** go-restful takes a bare media type or the full wildcard, not a half one. */
function isProduced(header: string): boolean {
  return header.split(",").some((part) => {
    const media = (part.split(";")[0] as string).trim();
    return media === "*/*" || PLAIN.includes(media);
  });
}

const notProduced = (stream: boolean): StatusError =>
  statusError(
    "NotAcceptable",
    `406: Not Acceptable\n\nAvailable representations: ${[...PLAIN, ...(stream ? STREAMING : [])].join(", ")}`,
    {},
  );

export const notAcceptable = (accepted: readonly string[] = PLAIN): StatusError =>
  statusError(
    "NotAcceptable",
    `only the following media types are accepted: ${accepted.join(", ")}`,
  );

type Wanted = Omit<Negotiated, "pretty"> & { pretty: boolean };

/** Results of headers already seen: clients send few different ones. */
const known = new Map<string, Wanted>();
const KNOWN_MAX = 200;
const KNOWN_LENGTH_MAX = 500;

const JSON_OBJECT: Wanted = { format: "json", as: "object", pretty: false, version: "v1" };

/** Throws StatusError 406. */
export function negotiate(accept: string | undefined, context: NegotiationContext): Negotiated {
  const wanted = wantedForm(accept, context);
  const pretty = wanted.format === "json" && (wanted.pretty || isPretty(context));
  return pretty === wanted.pretty ? wanted : { ...wanted, pretty };
}

function wantedForm(accept: string | undefined, context: NegotiationContext): Wanted {
  if (accept === undefined || accept === "" || accept === "application/json") return JSON_OBJECT;
  const { tables, stream: streamed, unrouted, transforms } = context;
  const key = `${tables} ${streamed} ${unrouted} ${transforms} ${accept}`;
  const earlier = known.get(key);
  if (earlier !== undefined) return earlier;
  const stream = context.stream === true;
  if (unrouted !== true && !isProduced(accept)) throw notProduced(stream || context.lists === true);
  for (const clause of parseAccept(accept)) {
    for (const { format, subtype, streams } of formats) {
      if (!matches(clause, subtype)) continue;
      const wanted = withParameters(clause, format, streams, context);
      if (wanted === undefined) continue;
      if (stream && !streams) throw notAcceptable(STREAMING);
      if (known.size >= KNOWN_MAX) known.clear();
      if (accept.length <= KNOWN_LENGTH_MAX) known.set(key, wanted);
      return wanted;
    }
  }
  throw notAcceptable(stream ? STREAMING : PLAIN);
}

const matches = (clause: Clause, subtype: string): boolean =>
  (clause.type === "application" && (clause.subtype === subtype || clause.subtype === "*")) ||
  (clause.type === "*" && clause.subtype === "*");

/** Undefined when a parameter asks for what this format cannot give. */
function withParameters(
  { parameters }: Clause,
  format: Format,
  streams: boolean,
  context: NegotiationContext,
): Wanted | undefined {
  const stream = parameters.get("stream");
  if (stream !== undefined && (!streams || stream !== "watch")) return undefined;
  if (parameters.has("sv")) return undefined;
  const pretty = parameters.get("pretty") === "1";
  const [kind, group, version] = ["as", "g", "v"].map((name) => parameters.get(name));
  if (kind === undefined && group === undefined && version === undefined)
    return { format, as: "object", pretty, version: "v1" };
  if (
    context.transforms === false ||
    group !== "meta.k8s.io" ||
    (version !== "v1" && version !== "v1beta1")
  )
    return undefined;
  if (kind === "PartialObjectMetadata" || kind === "PartialObjectMetadataList")
    return { format, as: "partial", pretty, version, ofList: kind.endsWith("List") };
  if (kind === "Table" && context.tables && format !== "protobuf")
    return { format, as: "table", pretty, version };
  return undefined;
}

/** Upstream indents for browsers and command-line tools, unless told otherwise. */
function isPretty({ pretty, userAgent }: NegotiationContext): boolean {
  if (pretty !== undefined && pretty !== null && pretty !== "")
    return ["1", "t", "T", "true", "TRUE", "True"].includes(pretty);
  return userAgent !== undefined && /^(?:curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
