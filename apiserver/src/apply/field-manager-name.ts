// The name under which a client's writes are kept.
import type { FieldError } from "@coracle/shared/machinery/status-error";

const NAME_BYTES_MAX = 128;
/** Letters, marks, numbers, punctuation, symbols and the ASCII space: what Go calls printable. */
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;

/** The User-Agent up to the first slash, without unprintable characters, at most 128 bytes. */
export function managerFromUserAgent(userAgent: string): string {
  let name = "";
  let bytes = 0;
  for (const character of userAgent.split("/")[0] as string) {
    if (UNPRINTABLE.test(character)) continue;
    bytes += Buffer.byteLength(character);
    if (bytes > NAME_BYTES_MAX) break;
    name += character;
  }
  return name;
}

/** What upstream finds wrong with the `fieldManager` of a request's options. */
export function validateFieldManager(name: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
    errors.push({
      type: "FieldValueTooLong",
      field: "fieldManager",
      message: `Too long: may not be more than ${NAME_BYTES_MAX} bytes`,
    });
  }
  let position = 0;
  for (const character of name) {
    if (UNPRINTABLE.test(character)) {
      const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0");
      errors.push({
        type: "FieldValueInvalid",
        field: "fieldManager",
        message: `Invalid value: ${goQuoted(name)}: invalid character U+${code} (at position ${position})`,
      });
    }
    position += Buffer.byteLength(character);
  }
  return errors;
}

/** Go's `%q`. */
function goQuoted(text: string): string {
  let quoted = '"';
  for (const character of text) quoted += escaped(character);
  return `${quoted}"`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

function escaped(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  if (!UNPRINTABLE.test(character)) return character;
  const code = character.codePointAt(0) as number;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code > 0xffff
    ? `\\U${code.toString(16).padStart(8, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
