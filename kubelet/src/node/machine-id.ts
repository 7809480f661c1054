// A node's machine identity: a UUID that is the same whenever a node of this name is started.
import { createHash } from "node:crypto";

export function machineIdOf(name: string): string {
  const hex = createHash("sha256").update(`coracle node ${name}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
