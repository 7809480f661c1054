// Go's strconv.Quote, the %q of upstream's messages: what JSON leaves as it is, Go escapes unless it can be printed.

const PLAIN = /^[ !#-[\]-~]*$/;
/** unicode.IsPrint: letters, marks, numbers, punctuation and symbols, and of all spaces the common one. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const TWO_DIGITS_BELOW = 0x80;
const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

export function goQuoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  let result = "";
  for (const character of text) result += SHORT[character] ?? escaped(character);
  return `"${result}"`;
}

function escaped(character: string): string {
  if (PRINTABLE.test(character)) return character;
  const point = character.codePointAt(0) as number;
  if (point < TWO_DIGITS_BELOW) return `\\x${point.toString(16).padStart(2, "0")}`;
  if (point > 0xffff) return `\\U${point.toString(16).padStart(8, "0")}`;
  return `\\u${point.toString(16).padStart(4, "0")}`;
}
