// The query of a log (v1.PodLogOptions), and which bytes of a log it asks for.
import { KubeletError } from "./backend.ts";
import { isSet } from "./stream-options.ts";

export interface LogOptions {
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  stream: "All" | "Stdout" | "Stderr";
  tailLines: number | undefined;
  limitBytes: number | undefined;
  /** Milliseconds since the epoch: lines before it are left out. */
  sinceMs: number | undefined;
}

const undecodable = () => new KubeletError(400, '{"message": "Unable to decode query."}');

/** Throws KubeletError: 400 for what is no number or time, 422 for what is not allowed. */
export function logOptionsOf(query: URLSearchParams, nowMs: number): LogOptions {
  const tailLines = integer(query.get("tailLines"));
  const limitBytes = integer(query.get("limitBytes"));
  const sinceSeconds = integer(query.get("sinceSeconds"));
  const sinceTime = query.get("sinceTime") ?? "";
  const sinceTimeMs = sinceTime === "" ? undefined : Date.parse(sinceTime);
  if (Number.isNaN(sinceTimeMs)) throw undecodable();
  const stream = query.get("stream") || "All";
  const isKnownStream = stream === "All" || stream === "Stdout" || stream === "Stderr";
  if (
    (tailLines !== undefined && tailLines < 0) ||
    (limitBytes !== undefined && limitBytes < 1) ||
    (sinceSeconds !== undefined && (sinceSeconds < 1 || sinceTimeMs !== undefined)) ||
    !isKnownStream ||
    (stream !== "All" && tailLines !== undefined)
  ) {
    throw new KubeletError(422, '{"message": "Invalid request."}');
  }
  return {
    follow: isSet(query, "follow"),
    previous: isSet(query, "previous"),
    timestamps: isSet(query, "timestamps"),
    stream,
    tailLines,
    limitBytes,
    sinceMs: sinceSeconds === undefined ? sinceTimeMs : nowMs - sinceSeconds * 1000,
  };
}

function integer(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw undecodable();
  return Number(text);
}
