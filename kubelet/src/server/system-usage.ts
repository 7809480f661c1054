// What a simulated node uses besides its containers, as the daemons of a real one do: little, steady, and each node a little more
// or less than the next (docs/simulated-images.md).
import { createHash } from "node:crypto";
import type { NodeFigures } from "./backend.ts";

const MIB = 1024 * 1024;

export interface Usage {
  nanoCores: number;
  coreNanoSeconds: number;
  memoryBytes: number;
}

/** 30 to 50 millicores, 180 to 240 MiB. */
export function systemUsage({ nodeName, startedAt }: NodeFigures, nowMs: number): Usage {
  const hash = createHash("sha256").update(nodeName).digest();
  const variation = hash.readUInt16BE(0) / 0xffff;
  const nanoCores = Math.round((30 + 20 * variation) * 1e6);
  const ranSeconds = Math.max(0, nowMs - startedAt) / 1000;
  return {
    nanoCores,
    coreNanoSeconds: Math.round(nanoCores * ranSeconds),
    memoryBytes: Math.round((180 + 60 * variation) * MIB),
  };
}
