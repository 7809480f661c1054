import { DEPTH_MAX } from "./json-document.ts";

/** The number of keys in a JSON text, without parsing it: colons outside strings. Undefined when
 *  the text has something that JSON.parse would not report faithfully: a number with a fraction
 *  or an exponent, a `\u` escape of half a character, or more than DEPTH_MAX levels. */
export function scanJson(text: Uint8Array): number | undefined {
  const { length } = text;
  let keys = 0;
  let depth = 0;
  for (let at = 0; at < length; at++) {
    const c = text[at] as number;
    if (c === QUOTE) {
      at = skipString(text, at + 1);
      if (at < 0) return undefined;
    } else if (c === COLON) keys++;
    else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      if (++depth > DEPTH_MAX) return undefined;
    } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) depth--;
    else if (c === DOT || c === UPPER_E) return undefined;
    else if (c === LOWER_E && isDigit(text[at - 1])) return undefined;
  }
  return keys;
}

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const DOT = 0x2e;
const UPPER_E = 0x45;
const LOWER_E = 0x65;
const LOWER_U = 0x75;
const LOWER_D = 0x64;

const isDigit = (c: number | undefined): boolean => c !== undefined && c >= 0x30 && c <= 0x39;

/** Where the string's closing quote is; -1 for a surrogate written as an escape. */
function skipString(text: Uint8Array, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const c = text[at] as number;
    if (c === QUOTE) return at;
    if (c === BACKSLASH) {
      at++;
      if (text[at] === LOWER_U && ((text[at + 1] as number) | 0x20) === LOWER_D) return -1;
    }
  }
  return at;
}
