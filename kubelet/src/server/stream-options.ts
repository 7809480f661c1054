// The query of exec and attach. The API server passes the client's own words on (stdin, stdout, stderr); upstream's API server
// translates them (input, output, error), so both are read.
import { KubeletError } from "./backend.ts";

export interface StreamOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** Throws KubeletError 400 when no stream is asked for. */
export function streamOptionsOf(query: URLSearchParams): StreamOptions {
  const stdin = isSet(query, "stdin") || isSet(query, "input");
  const stdout = isSet(query, "stdout") || isSet(query, "output");
  const tty = isSet(query, "tty");
  // A terminal has one stream of output.
  const stderr = !tty && (isSet(query, "stderr") || isSet(query, "error"));
  if (!stdin && !stdout && !stderr) {
    throw new KubeletError(400, "you must specify at least 1 of stdin, stdout, stderr");
  }
  return { stdin, stdout, stderr, tty };
}

/** A boolean of a query: absent, `0` and `false` are false, anything else (also nothing) is true. */
export function isSet(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}
