// GNU tar stores no absolute names, and `kubectl cp` counts on it; the interpreter's tar does store them.

/** The arguments with the members below `-C /` instead; undefined when nothing has to change. */
export function withRelativeMembers(args: readonly string[]): string[] | undefined {
  const [mode = ""] = args;
  const isCreating = /^-?[A-Za-z]*c[A-Za-z]*$/.test(mode) || args.includes("--create");
  if (!isCreating || args.includes("-C")) return undefined;
  const archiveAt = args.findIndex((arg) => /^-?[A-Za-z]*f$/.test(arg)) + 1;
  const isMember = (arg: string, i: number) => arg.startsWith("/") && i !== archiveAt;
  const firstAt = args.findIndex(isMember);
  if (firstAt < 0) return undefined;
  const relative = args.map((arg, i) => (isMember(arg, i) ? arg.replace(/^\/+/, "") || "." : arg));
  relative.splice(firstAt, 0, "-C", "/");
  return relative;
}
