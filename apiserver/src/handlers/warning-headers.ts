// `Warning` headers of an answer (upstream: endpoints/filters WithWarningRecorder): each text once, cut short when all together
// are too long, none that no header can carry.

const TOTAL_MAX = 4096;
const TEXT_MAX = 256;

/** Node writes a header's characters as bytes. */
const asBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

const headerOf = (text: string): string => asBytes(`299 - "${text.replace(/[\\"]/g, "\\$&")}"`);

const CONTROL = /\p{Cc}/u;

export function warningHeaders(texts: readonly string[]): string[] {
  const distinct = [...new Set(texts)].filter((text) => text !== "" && !CONTROL.test(text));
  const lengths = distinct.map((text) => [...text].length);
  if (lengths.reduce((sum, length) => sum + length, 0) <= TOTAL_MAX) return distinct.map(headerOf);
  const headers: string[] = [];
  let total = 0;
  for (const text of distinct) {
    if (total >= TOTAL_MAX) break;
    const cut = [...text].slice(0, TEXT_MAX);
    total += cut.length;
    headers.push(headerOf(cut.join("")));
  }
  return headers;
}
