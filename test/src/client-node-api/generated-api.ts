// The generated classes of @kubernetes/client-node, by reflection: which methods there are, and what each is about.

import type { ApiConstructor, ApiType, KubeConfig } from "@kubernetes/client-node";
import * as clientNode from "@kubernetes/client-node";

export type Call = (parameters: Record<string, unknown>, options?: object) => Promise<unknown>;

export interface Method {
  name: string;
  verb: string;
  /** Empty for one that is about no kind, such as getAPIGroup. */
  kind: string;
  /** `status`; empty for the object itself. */
  subresource: string;
  /** Those that it knows: `namespace`, `name`, `body`, … */
  parameters: ReadonlySet<string>;
}

export interface ApiClass {
  name: string;
  methods: Method[];
  bind(config: KubeConfig): (method: string) => Call;
}

type AnyClass = ApiConstructor<ApiType>;

const NAME =
  /^(create|read|replace|patch|deleteCollection|delete|list|connect[A-Z][a-z]+|get)(?:Namespaced(?=[A-Z]))?([A-Z].*?)(?:ForAllNamespaces)?$/;

/** `kinds`: those of the facts; the longest that a method's name goes on with is what it is about. */
export function generatedClasses(kinds: readonly string[]): ApiClass[] {
  const longestFirst = [...kinds].sort((a, b) => b.length - a.length);
  return Object.entries(clientNode as unknown as Record<string, AnyClass>)
    .filter(([name]) => name.endsWith("Api") && name !== "KubernetesObjectApi")
    .map(([name, api]) => ({
      name,
      methods: methodsOf(api).map((method) => describe(method, api, longestFirst)),
      bind(config) {
        const client = config.makeApiClient(api) as unknown as Record<string, Call>;
        return (method) => (parameters, options) => (client[method] as Call)(parameters, options);
      },
    }));
}

const methodsOf = ({ prototype }: AnyClass): string[] =>
  Object.getOwnPropertyNames(prototype).filter(
    (name) => name !== "constructor" && !name.endsWith("WithHttpInfo"),
  );

function describe(name: string, { prototype }: AnyClass, kinds: readonly string[]): Method {
  const source = String((prototype as unknown as Record<string, Call>)[name]);
  const parameters = new Set([...source.matchAll(/param\.(\w+)/g)].map(([, known = ""]) => known));
  const [, verb = name, about = ""] = NAME.exec(name) ?? [];
  const kind = kinds.find((one) => about.startsWith(one)) ?? "";
  const rest = kind === "" ? "" : about.slice(kind.length);
  return { name, verb, kind, subresource: rest.toLowerCase(), parameters };
}
