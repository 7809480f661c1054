// Field selectors of queries (`spec.nodeName=n1,status.phase!=Failed`), as apimachinery pkg/fields.

export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** The message is upstream's. */
export class FieldSelectorError extends Error {
  override readonly name = "FieldSelectorError";
}

export class FieldSelector {
  readonly requirements: readonly FieldRequirement[];

  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements;
  }

  /** An absent field counts as the empty string. */
  matches(fields: Readonly<Record<string, string>>): boolean {
    for (const { field, operator, value } of this.requirements) {
      if (((fields[field] ?? "") === value) !== (operator === "=")) return false;
    }
    return true;
  }

  isEmpty(): boolean {
    return this.requirements.length === 0;
  }

  /** The value that `field` has to have, if the selector says so (`metadata.name=x` turns a list into a get). */
  exactValue(field: string): string | undefined {
    return this.requirements.find((r) => r.field === field && r.operator === "=")?.value;
  }

  toString(): string {
    return this.requirements
      .map(({ field, operator, value }) => `${field}${operator}${escapeFieldValue(value)}`)
      .join(",");
  }
}

/** Lets any text be a value of a field selector. */
export const escapeFieldValue = (value: string): string => value.replace(/[\\,=]/g, "\\$&");

/** Splits at commas that no backslash escapes. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === ",") {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescapeFieldValue(value: string): string {
  let plain = "";
  const characters = [...value];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string;
    if (character === "\\") {
      const escaped = characters[++i] ?? "";
      if (escaped === "" || !"\\,=".includes(escaped)) {
        throw new FieldSelectorError(
          `invalid field selector: invalid escape sequence: \\${escaped}`,
        );
      }
      plain += escaped;
    } else if (character === "," || character === "=") {
      // Upstream prints the number of the character.
      throw new FieldSelectorError(
        `invalid field selector: unescaped character in value: ${character.codePointAt(0)}`,
      );
    } else plain += character;
  }
  return plain;
}

/** Throws FieldSelectorError with upstream's text. Which fields a kind knows is not checked here. */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).sort()) {
    if (term === "") continue;
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (match === null) {
      throw new FieldSelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    }
    const [, field = "", sign, value = ""] = match;
    const wanted = unescapeFieldValue(value);
    if (field === "" && wanted === "") continue; // upstream drops it
    requirements.push({ field, operator: sign === "!=" ? "!=" : "=", value: wanted });
  }
  return new FieldSelector(requirements);
}
