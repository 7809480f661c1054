// Syntax errors of YAML in goyaml's words, as far as the parser used here makes the same
// distinctions.
import type { YAMLError } from "yaml";

interface Problem {
  text: string;
  /** Counted from 0. */
  line: number;
  /** goyaml's scanner counts lines from 1, its parser from 0. */
  scanner: boolean;
}

const scanner = (text: string, line: number): Problem => ({ text, line, scanner: true });
const parser = (text: string, line: number): Problem => ({ text, line, scanner: false });

/** `yaml: line 2: did not find expected key`; no line is told for the first. */
export function syntaxErrorText(error: YAMLError, source: string): string {
  const problem = problemOf(error, source);
  const line = problem.line === 0 ? 0 : problem.line + (problem.scanner ? 1 : 0);
  return `yaml: ${line === 0 ? "" : `line ${line}: `}${problem.text}`;
}

function problemOf({ code, message, pos: [at] }: YAMLError, source: string): Problem {
  const lineAt = (offset: number): number => {
    const newlines = source.slice(0, offset).split("\n").length - 1;
    // goyaml ends the last line of a stream.
    return offset >= source.trimEnd().length - 1 && newlines === 0 ? 1 : newlines;
  };
  const line = source.slice(0, at).split("\n").length - 1;
  const c = source[at];
  switch (code) {
    case "TAB_AS_INDENT":
    case "BAD_SCALAR_START":
      return scanner("found character that cannot start any token", line);
    case "BAD_DQ_ESCAPE":
      return scanner("found unknown escape character", line);
    case "BAD_ALIAS":
      return scanner("did not find expected alphabetic or numeric character", line);
    case "BLOCK_AS_IMPLICIT_KEY": {
      if (c === "?") return scanner("mapping keys are not allowed in this context", line);
      const colon = source.slice(at).search(/:(?:\s|$)/);
      const where = source.slice(0, at + Math.max(colon, 0)).split("\n").length - 1;
      return scanner("mapping values are not allowed in this context", where);
    }
    case "MISSING_CHAR":
      if (message.includes("closing")) return scanner("found unexpected end of stream", line);
      if (message.includes("Implicit")) return scanner("could not find expected ':'", line + 1);
      break;
    case "MULTILINE_IMPLICIT_KEY":
      return scanner("could not find expected ':'", line + 1);
    case "UNEXPECTED_TOKEN":
      return unexpectedToken(message, line, source.slice(at));
    default:
  }
  if (/^Flow sequence|\]/.test(message))
    return parser("did not find expected ',' or ']'", lineAt(at));
  if (/^Flow map|\}/.test(message)) return parser("did not find expected ',' or '}'", lineAt(at));
  return parser(
    message.includes("sequence items")
      ? "did not find expected '-' indicator"
      : "did not find expected key",
    line,
  );
}

function unexpectedToken(message: string, line: number, rest: string): Problem {
  if (message.includes("block-seq-ind"))
    return scanner("block sequence entries are not allowed in this context", line);
  if (/^Not a YAML token|header includes/.test(message))
    return scanner("did not find expected comment or line break", line);
  if (!message.includes("scalar at node end")) return parser("did not find expected key", line);
  return /^[^\n]*:(?:\s|$)/.test(rest)
    ? parser("did not find expected '-' indicator", line)
    : scanner("could not find expected ':'", line + 1);
}
