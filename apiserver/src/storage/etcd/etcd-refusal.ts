// What etcd means when it refuses a call: a gRPC status code, and for some the text.

const NOT_FOUND = 5;
const OUT_OF_RANGE = 11;

function codeOf(error: unknown): number | undefined {
  return (error as { code?: number }).code;
}

export const isNotFound = (error: unknown): boolean => codeOf(error) === NOT_FOUND;

export const isCompacted = (error: unknown): boolean =>
  codeOf(error) === OUT_OF_RANGE && (error as Error).message.includes("compacted");

export const isFuture = (error: unknown): boolean =>
  codeOf(error) === OUT_OF_RANGE && (error as Error).message.includes("future revision");
