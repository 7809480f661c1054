// What may be a name, a label, a key, a port: each rule returns the findings in upstream's words (empty when valid). Upstream
// keeps two sets of these rules that differ in one word ("characters", "bytes"); each rule here has the word of its own set.

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_UNDERSCORE = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const SUBDOMAIN_UNDERSCORE = `${LABEL_UNDERSCORE}(\\.${LABEL_UNDERSCORE})*`;
const LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);
const labelPattern = whole(LABEL);
const subdomainPattern = whole(SUBDOMAIN);
const subdomainUnderscorePattern = whole(SUBDOMAIN_UNDERSCORE);
const wildcardPattern = whole(`\\*\\.${SUBDOMAIN}`);
const label1035Pattern = whole(LABEL_1035);
const qualifiedPattern = whole(QUALIFIED);
const labelValuePattern = whole(`(${QUALIFIED})?`);

const bytesOf = (text: string): number => Buffer.byteLength(text);

/** Upstream's words for a value that a pattern refuses. */
export function regexMessage(message: string, pattern: string, ...examples: string[]): string {
  const used = `regex used for validation is '${pattern}')`;
  if (examples.length === 0) return `${message} (${used}`;
  return `${message} (e.g. ${examples.map((e) => `'${e}', `).join(" or ")}${used}`;
}

export const maxLengthMessage = (length: number): string =>
  `must be no more than ${length} characters`;
export const maxBytesMessage = (length: number): string => `must be no more than ${length} bytes`;
export const rangeMessage = (low: number, high: number): string =>
  `must be between ${low} and ${high}, inclusive`;

const LABEL_WORDS =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN_WORDS =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

export function isDns1123Label(value: string): string[] {
  const findings: string[] = [];
  if (bytesOf(value) > 63) findings.push(maxLengthMessage(63));
  if (!labelPattern.test(value)) {
    findings.push(
      subdomainPattern.test(value)
        ? "must not contain dots"
        : regexMessage(LABEL_WORDS, LABEL, "my-name", "123-abc"),
    );
  }
  return findings;
}

export function isDns1123Subdomain(value: string): string[] {
  return subdomain(value, maxLengthMessage);
}

function subdomain(value: string, tooLong: (length: number) => string): string[] {
  const findings: string[] = [];
  if (bytesOf(value) > 253) findings.push(tooLong(253));
  if (!subdomainPattern.test(value)) {
    findings.push(regexMessage(SUBDOMAIN_WORDS, SUBDOMAIN, "example.com"));
  }
  return findings;
}

export function isDns1123SubdomainWithUnderscore(value: string): string[] {
  const findings: string[] = [];
  if (bytesOf(value) > 253) findings.push(maxLengthMessage(253));
  if (!subdomainUnderscorePattern.test(value)) {
    const words = SUBDOMAIN_WORDS.replace("characters, '-' or", "characters, '_', '-' or");
    findings.push(regexMessage(words, SUBDOMAIN_UNDERSCORE, "example.com"));
  }
  return findings;
}

export function isWildcardDns1123Subdomain(value: string): string[] {
  const findings: string[] = [];
  if (bytesOf(value) > 253) findings.push(maxLengthMessage(253));
  if (!wildcardPattern.test(value)) {
    findings.push(
      regexMessage(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        `\\*\\.${SUBDOMAIN}`,
        "*.example.com",
      ),
    );
  }
  return findings;
}

export function isDns1035Label(value: string): string[] {
  const findings: string[] = [];
  if (bytesOf(value) > 63) findings.push(maxLengthMessage(63));
  if (!label1035Pattern.test(value)) {
    findings.push(
      regexMessage(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        LABEL_1035,
        "my-name",
        "abc-123",
      ),
    );
  }
  return findings;
}

const QUALIFIED_WORDS =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const qualifiedMessage = regexMessage(QUALIFIED_WORDS, QUALIFIED, "MyName", "my.name", "123-abc");

/** Label keys, annotation keys (in lower case), taint keys, finalizers, resource names: `[prefix/]name`. */
export function isQualifiedName(value: string): string[] {
  const findings: string[] = [];
  const parts = value.split("/");
  if (parts.length > 2) {
    return [
      `a valid label key ${qualifiedMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts[parts.length - 1] as string;
  if (parts.length === 2) {
    const prefix = parts[0] as string;
    if (prefix === "") findings.push("prefix part must be non-empty");
    else findings.push(...subdomain(prefix, maxBytesMessage).map((m) => `prefix part ${m}`));
  }
  if (name === "") findings.push("name part must be non-empty");
  else if (bytesOf(name) > 63) findings.push(`name part ${maxBytesMessage(63)}`);
  if (!qualifiedPattern.test(name)) findings.push(`name part ${qualifiedMessage}`);
  return findings;
}

export function isValidLabelValue(value: string): string[] {
  const findings: string[] = [];
  if (bytesOf(value) > 63) findings.push(maxBytesMessage(63));
  if (!labelValuePattern.test(value)) {
    findings.push(
      regexMessage(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        `(${QUALIFIED})?`,
        "MyValue",
        "my_value",
        "12345",
      ),
    );
  }
  return findings;
}

/** What any name must be to fit into a URL path. */
export function isPathSegmentName(name: string): string[] {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return ["/", "%"]
    .filter((part) => name.includes(part))
    .map((part) => `may not contain '${part}'`);
}

/** Container and Service port names (IANA service names). */
export function isValidPortName(port: string): string[] {
  const findings: string[] = [];
  if (bytesOf(port) > 15) findings.push(maxLengthMessage(15));
  if (!/^[-a-z0-9]+$/.test(port)) {
    findings.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(port)) findings.push("must contain at least one letter (a-z)");
  if (port.includes("--")) findings.push("must not contain consecutive hyphens");
  if (port.startsWith("-") || port.endsWith("-")) {
    findings.push("must not begin or end with a hyphen");
  }
  return findings;
}

export const isValidPortNumber = (port: number): string[] =>
  port >= 1 && port <= 65535 ? [] : [rangeMessage(1, 65535)];

export const isInRange = (value: number, low: number, high: number): string[] =>
  value >= low && value <= high ? [] : [rangeMessage(low, high)];

const ID_MAX = 2 ** 31 - 1;
/** User and group numbers. */
export const isValidUserId = (id: number): string[] => isInRange(id, 0, ID_MAX);

function directoryFindings(value: string): string[] {
  if (value === "." || value === "..") return [`must not be '${value}'`];
  return value.startsWith("..") ? ["must not start with '..'"] : [];
}

const CONFIG_KEY = "[-._a-zA-Z0-9]+";
/** Keys of ConfigMaps and Secrets. */
export function isConfigMapKey(value: string): string[] {
  const findings: string[] = [];
  if (bytesOf(value) > 253) findings.push(maxLengthMessage(253));
  if (!whole(CONFIG_KEY).test(value)) {
    findings.push(
      regexMessage(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        CONFIG_KEY,
        "key.name",
        "KEY_NAME",
        "key-name",
      ),
    );
  }
  return [...findings, ...directoryFindings(value)];
}

const ENVIRONMENT = "[-._a-zA-Z][-._a-zA-Z0-9]*";
/** The strict rule; Pods have followed the relaxed one since 1.34. */
export function isEnvironmentVariableName(value: string): string[] {
  const findings: string[] = [];
  if (!whole(ENVIRONMENT).test(value)) {
    findings.push(
      regexMessage(
        "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
        ENVIRONMENT,
        "my.env-name",
        "MY_ENV.NAME",
        "MyEnvName1",
      ),
    );
  }
  return [...findings, ...directoryFindings(value)];
}

export function isRelaxedEnvironmentVariableName(value: string): string[] {
  if (value === "") return ["environment variable name must be non-empty"];
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(value)
    ? []
    : [
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
      ];
}

const C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*";
export const isCIdentifier = (value: string): string[] =>
  whole(C_IDENTIFIER).test(value)
    ? []
    : [
        regexMessage(
          "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
          C_IDENTIFIER,
          "my_name",
          "MY_NAME",
          "MyName",
        ),
      ];

export const isHttpHeaderName = (value: string): string[] =>
  /^[-A-Za-z0-9]+$/.test(value)
    ? []
    : [
        regexMessage(
          "a valid HTTP header must consist of alphanumeric characters or '-'",
          "[-A-Za-z0-9]+",
          "X-Header-Name",
        ),
      ];

export const isValidPercent = (value: string): string[] =>
  /^[0-9]+%$/.test(value)
    ? []
    : [
        regexMessage(
          "a valid percent string must be a numeric string followed by an ending '%'",
          "[0-9]+%",
          "1%",
          "93%",
        ),
      ];

/** A generateName is judged as if something valid followed its final dash (upstream replaces the last two characters). */
export function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}
