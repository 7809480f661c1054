import { SimulatedClock, systemClock } from "@coracle/shared/runtime/clock";
import { seededRandom } from "@coracle/shared/runtime/random";
import { runtimeContract } from "../contract-suite.ts";
import { MemoryHost } from "./memory-host.ts";
import { SimulatedRuntime } from "./simulated-runtime.ts";

runtimeContract("simulated", async () => {
  // The interpreter is a module of its own, loaded when first used: not while a test counts its turns.
  await import("./shell.ts");
  const clock = new SimulatedClock();
  const host = new MemoryHost();
  const random = seededRandom(1);
  return {
    runtime: new SimulatedRuntime({ podCidr: "10.244.0.0/24", host, clock, random }),
    host,
    image: "busybox:1.36",
    advance: async (ms) => {
      await clock.advance(ms);
      // The interpreter loads its commands from files: that takes real time, whatever the clock says.
      await systemClock.sleep(1);
    },
    close: async () => {},
  };
});
