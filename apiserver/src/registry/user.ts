/** Who sends a request. */
export interface User {
  name: string;
  uid: string;
  groups: readonly string[];
  /** What the authenticator knows besides: which credential it was, which Pod a token is bound to. */
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** The server itself, where it writes on its own account. */
export const serverUser: User = {
  name: "system:apiserver",
  uid: "",
  groups: ["system:masters", "system:authenticated"],
};
