// URLs as Go's net/url reads them, as far as validation asks: the parts that upstream looks at, and its words for what it
// cannot parse.

export interface GoUrl {
  scheme: string;
  /** With the port. */
  host: string;
  /** `user:password` where there is any. */
  user: string | undefined;
  rawQuery: string;
  fragment: string;
}

/** The message is Go's: `parse "x": …`. */
export class GoUrlError extends Error {}

const quoted = (text: string): string => JSON.stringify(text);

/** Throws GoUrlError. */
export function parseGoUrl(text: string): GoUrl {
  const hash = text.indexOf("#");
  const whole = hash < 0 ? text : text.slice(0, hash);
  try {
    return { ...parseParts(whole), fragment: hash < 0 ? "" : unescaped(text.slice(hash + 1)) };
  } catch (error) {
    if (!(error instanceof GoUrlError)) throw error;
    throw new GoUrlError(`parse ${quoted(whole)}: ${error.message}`);
  }
}

function parseParts(text: string): Omit<GoUrl, "fragment"> {
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    throw new GoUrlError("net/url: invalid control character in URL");
  }
  const none = { scheme: "", host: "", user: undefined, rawQuery: "" };
  if (text === "*") return none;
  if (text.startsWith(":")) throw new GoUrlError("missing protocol scheme");
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1] ?? "";
  let rest = scheme === "" ? text : text.slice(scheme.length + 1);
  let rawQuery = "";
  const mark = rest.indexOf("?");
  if (mark >= 0) {
    rawQuery = rest.slice(mark + 1);
    rest = rest.slice(0, mark);
  }
  if (!rest.startsWith("/")) {
    if (scheme === "" && (rest.split("/")[0] as string).includes(":")) {
      throw new GoUrlError("first path segment in URL cannot contain colon");
    }
    return { ...none, scheme: scheme.toLowerCase(), rawQuery };
  }
  let authority = { host: "", user: undefined as string | undefined };
  if (rest.startsWith("//") && (scheme !== "" || !rest.startsWith("///"))) {
    const slash = rest.indexOf("/", 2);
    authority = parseAuthority(slash < 0 ? rest.slice(2) : rest.slice(2, slash));
    rest = slash < 0 ? "" : rest.slice(slash);
  }
  unescaped(rest);
  return { scheme: scheme.toLowerCase(), ...authority, rawQuery };
}

function parseAuthority(authority: string): { host: string; user: string | undefined } {
  const at = authority.lastIndexOf("@");
  const host = parseHost(authority.slice(at + 1));
  if (at < 0) return { host, user: undefined };
  const user = authority.slice(0, at);
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) {
    throw new GoUrlError("net/url: invalid userinfo");
  }
  return { host, user };
}

function parseHost(host: string): string {
  const open = host.lastIndexOf("[");
  if (open >= 0) {
    const close = host.lastIndexOf("]");
    if (close < 0) throw new GoUrlError("missing ']' in host");
    checkPort(host.slice(close + 1));
  } else if (host.includes(":")) checkPort(host.slice(host.lastIndexOf(":")));
  const bad = /[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\uffff]/.exec(host)?.[0];
  if (bad !== undefined) {
    throw new GoUrlError(`invalid character ${quoted(bad)} in host name`);
  }
  return unescaped(host);
}

function checkPort(port: string): void {
  if (port === "" || /^:\d*$/.test(port)) return;
  throw new GoUrlError(`invalid port ${quoted(port)} after host`);
}

function unescaped(text: string): string {
  const bad = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(text)?.[0];
  if (bad !== undefined) throw new GoUrlError(`invalid URL escape ${quoted(bad)}`);
  return text;
}
