// Frames of a watch response: one JSON document a line. Lines are cut on bytes and each is parsed
// exactly once.

import { cutManagedFields } from "./managed-fields.ts";

const NEWLINE = 10;

/**
 * Yields the events of each chunk together, in order. An unfinished last line (connection lost) is
 * dropped. With `withoutManagedFields` the chunks are changed in place.
 */
export async function* parseLines(
  chunks: AsyncIterable<Buffer>,
  { withoutManagedFields = false } = {},
): AsyncGenerator<unknown[]> {
  const parse = (line: Buffer): unknown =>
    JSON.parse((withoutManagedFields ? cutManagedFields(line) : line).toString("utf8"));
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    let end = chunk.indexOf(NEWLINE);
    if (end < 0) {
      rest.push(chunk);
      continue;
    }
    const events: unknown[] = [];
    let start = 0;
    if (rest.length > 0) {
      rest.push(chunk.subarray(0, end));
      events.push(parse(Buffer.concat(rest)));
      rest = [];
      start = end + 1;
      end = chunk.indexOf(NEWLINE, start);
    }
    while (end >= 0) {
      if (end > start) events.push(parse(chunk.subarray(start, end)));
      start = end + 1;
      end = chunk.indexOf(NEWLINE, start);
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    yield events;
  }
}
