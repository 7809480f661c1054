// A page that was fetched through a proxy path names other pages of its host by their path there. Those links are made to lead
// through the proxy, too (upstream: apimachinery util/proxy/transport.go).

const URL_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  a: ["href"],
  applet: ["codebase"],
  area: ["href"],
  audio: ["src"],
  base: ["href"],
  blockquote: ["cite"],
  body: ["background"],
  button: ["formaction"],
  command: ["icon"],
  del: ["cite"],
  embed: ["src"],
  form: ["action"],
  frame: ["longdesc", "src"],
  head: ["profile"],
  html: ["manifest"],
  iframe: ["longdesc", "src"],
  img: ["longdesc", "src", "usemap"],
  input: ["src", "usemap", "formaction"],
  ins: ["cite"],
  link: ["href"],
  object: ["classid", "codebase", "data", "usemap"],
  q: ["cite"],
  script: ["src"],
  source: ["src"],
  video: ["poster", "src"],
};

export interface Rewriting {
  /** `/api/v1/namespaces/default/pods/web:80/proxy` */
  prefix: string;
  /** Hosts that count as the page's own. */
  hosts: readonly string[];
}

/** `/x` → `<prefix>/x`; relative links and those of other hosts stay. */
export function rewriteLink(link: string, { prefix, hosts }: Rewriting): string {
  const [, host = "", path = link] = /^(?:https?:)?\/\/([^/?#]*)(.*)$/i.exec(link) ?? [];
  if (host !== "" && !hosts.includes(host)) return link;
  if (!path.startsWith("/") || path.startsWith(prefix)) return path === "" ? link : path;
  return prefix + path;
}

const TAG = /<([a-z]+)((?:\s+[^<>"'=\s]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))?)*)\s*\/?>/gi;
const ATTRIBUTE = /([^\s"'=<>]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'<>]+)/g;

export function rewriteHtml(html: string, rewriting: Rewriting): string {
  return html.replace(TAG, (tag: string, name: string) => {
    const wanted = URL_ATTRIBUTES[name.toLowerCase()];
    if (wanted === undefined) return tag;
    return tag.replace(ATTRIBUTE, (whole: string, key: string, sign: string, given: string) => {
      if (!wanted.includes(key.toLowerCase())) return whole;
      const quote = /^["']/.test(given) ? (given[0] as string) : "";
      const value = quote === "" ? given : given.slice(1, -1);
      return `${key}${sign}${quote}${rewriteLink(value, rewriting)}${quote}`;
    });
  });
}
