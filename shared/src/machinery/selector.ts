// Label selectors: the string form of queries and the LabelSelector object (apimachinery pkg/labels and meta/v1 helpers).
//
// The grammar is `selector = requirement {"," requirement}`, with
// `requirement = key [ ("="|"=="|"!="|">"|"<") value | ("in"|"notin") "(" values ")" ] | "!" key`.
// A recursive descent over tokens, because the error texts name the token that was found.

import type { LabelSelector } from "../api/types/meta-v1.ts";
import { isQualifiedName } from "./names.ts";
import { ownValue } from "./own-value.ts";
import {
  newRequirement,
  nothing,
  type Requirement,
  type Selector,
  SelectorError,
  type SelectorOperator,
  selectorOfRequirements,
} from "./requirement.ts";

export {
  everything,
  nothing,
  type Selector,
  SelectorError,
  selectorOfLabels,
} from "./requirement.ts";

interface Token {
  /** A symbol or keyword by its own text; `identifier`; `end`. */
  kind: string;
  text: string;
}

const SYMBOLS = "=!(),><";
const BLANKS = " \t\r\n";
const END: Token = { kind: "end", text: "" };

/** As upstream's lexer, a NUL byte ends a word, and everything where no word has begun. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length && text[at] !== "\0") {
    const character = text[at] as string;
    if (BLANKS.includes(character)) {
      at++;
    } else if (SYMBOLS.includes(character)) {
      const pair = text.slice(at, at + 2);
      const symbol = pair === "==" || pair === "!=" ? pair : character;
      tokens.push({ kind: symbol, text: symbol });
      at += symbol.length;
    } else {
      let end = at;
      while (end < text.length && !`${SYMBOLS}${BLANKS}\0`.includes(text[end] as string)) end++;
      const word = text.slice(at, end);
      tokens.push({ kind: word === "in" || word === "notin" ? word : "identifier", text: word });
      at = text[end] === "\0" ? end + 1 : end;
    }
  }
  tokens.push(END);
  return tokens;
}

const operators: Readonly<Record<string, SelectorOperator>> = {
  in: "in",
  notin: "notin",
  "=": "=",
  "==": "==",
  "!=": "!=",
  ">": "gt",
  "<": "lt",
};

class Parser {
  readonly #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === "end") return requirements;
      if (token.kind !== "identifier" && token.kind !== "!") {
        throw expected(token, "!, identifier, or 'end of string'");
      }
      requirements.push(this.#wrapped());
      const separator = this.#next();
      if (separator.kind === "end") return requirements;
      if (separator.kind !== ",") throw expected(separator, "',' or 'end of string'");
      const following = this.#peek();
      if (following.kind !== "identifier" && following.kind !== "!") {
        throw expected(following, "identifier after ','");
      }
    }
  }

  #wrapped(): Requirement {
    try {
      return this.#requirement();
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      throw new SelectorError(`unable to parse requirement: ${error.message}`);
    }
  }

  #requirement(): Requirement {
    let token = this.#next();
    const negated = token.kind === "!";
    if (negated) token = this.#next();
    if (token.kind !== "identifier") throw expected(token, "identifier");
    const key = token.text;
    const findings = isQualifiedName(key);
    if (findings.length > 0) {
      throw new SelectorError(
        `<nil>: Invalid value: ${JSON.stringify(key)}: ${findings.join("; ")}`,
      );
    }
    if (negated) return newRequirement(key, "!", []);
    const kind = this.#peek().kind;
    if (kind === "end" || kind === ",") return newRequirement(key, "exists", []);
    const sign = this.#next(false);
    const operator = operators[sign.kind];
    if (operator === undefined) throw expected(sign, "in, notin, =, ==, !=, gt, lt");
    const values = operator === "in" || operator === "notin" ? this.#values() : this.#exactValue();
    return newRequirement(key, operator, [...values].sort());
  }

  #values(): Set<string> {
    const open = this.#next();
    if (open.kind !== "(") throw new SelectorError(`found '${open.text}' expected: '('`);
    const token = this.#peek();
    if (token.kind === ")") {
      this.#next();
      return new Set([""]);
    }
    if (token.kind !== "identifier" && token.kind !== ",") {
      throw expected(token, "',', ')' or identifier");
    }
    const values = this.#identifiers();
    this.#next(); // the closing parenthesis: #identifiers stops only there
    return values;
  }

  /** Up to, and without, the closing parenthesis. An empty place between commas is the empty value. */
  #identifiers(): Set<string> {
    const values = new Set<string>();
    for (;;) {
      const token = this.#next();
      if (token.kind === "identifier") {
        values.add(token.text);
        const following = this.#peek();
        if (following.kind === ")") return values;
        if (following.kind !== ",") throw expected(following, "',' or ')'");
      } else if (token.kind === ",") {
        if (values.size === 0) values.add("");
        const following = this.#peek();
        if (following.kind === ")" || following.kind === ",") values.add("");
        if (following.kind === ")") return values;
      } else {
        throw expected(token, "',', or identifier");
      }
    }
  }

  #exactValue(): Set<string> {
    const kind = this.#peek().kind;
    if (kind === "end" || kind === ",") return new Set([""]);
    const token = this.#next();
    if (token.kind !== "identifier") throw expected(token, "identifier");
    return new Set([token.text]);
  }

  /** `in` and `notin` are words like any other, except where an operator is due. */
  #peek(keywordsAreWords = true): Token {
    const token = this.#tokens[this.#at] ?? END;
    return keywordsAreWords && (token.kind === "in" || token.kind === "notin")
      ? { kind: "identifier", text: token.text }
      : token;
  }

  #next(keywordsAreWords = true): Token {
    const token = this.#peek(keywordsAreWords);
    this.#at++;
    return token;
  }
}

function expected(found: Token, what: string): SelectorError {
  return new SelectorError(`found '${found.text}', expected: ${what}`);
}

/** The string form of queries. Throws SelectorError with upstream's text. */
export function parseLabelSelector(text: string): Selector {
  return selectorOfRequirements(new Parser(text).parse());
}

const objectOperators: Readonly<Record<string, SelectorOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
};

/** An absent selector selects nothing, an empty one everything. Throws SelectorError. */
export function selectorOf(selector: LabelSelector | undefined | null): Selector {
  if (selector === undefined || selector === null) return nothing;
  const requirements: Requirement[] = [];
  for (const key of Object.keys(selector.matchLabels ?? {}).sort()) {
    requirements.push(newRequirement(key, "=", [selector.matchLabels?.[key] as string]));
  }
  for (const expression of selector.matchExpressions ?? []) {
    const operator = ownValue(objectOperators, expression.operator);
    if (operator === undefined) {
      throw new SelectorError(
        `${JSON.stringify(expression.operator)} is not a valid label selector operator`,
      );
    }
    requirements.push(newRequirement(expression.key, operator, expression.values ?? []));
  }
  return selectorOfRequirements(requirements);
}

/** The text of tables and describe: `<none>` when nothing is required. */
export function formatLabelSelector(selector: LabelSelector | undefined | null): string {
  try {
    const text = selectorOf(selector).toString();
    return text === "" ? "<none>" : text;
  } catch (error) {
    if (error instanceof SelectorError) return "<error>";
    throw error;
  }
}
