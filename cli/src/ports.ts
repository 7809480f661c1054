import { connect, createServer } from "node:net";
import { systemRandom } from "@coracle/shared/runtime/random";
import { LOOPBACK } from "./components.ts";

/** Listens for a moment. Resolves with the port (the one the system gave for 0), or undefined when it is in use. */
export function tryPort(port: number, host = LOOPBACK): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      const taken = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(taken));
    });
  });
}

/** Below those that the system gives to connections by itself: one of these could be gone before its component has it. */
const FREE_PORT_MIN = 12_000;
const FREE_PORT_MAX = 30_000;

/** At random: who asks at the same time gets another one. */
export async function freePort(): Promise<number> {
  for (;;) {
    const wanted = FREE_PORT_MIN + systemRandom.integer(FREE_PORT_MAX - FREE_PORT_MIN);
    const port = await tryPort(wanted);
    if (port !== undefined) return port;
  }
}

/** Whether something accepts connections there. A refusal costs a tenth of what a refused TLS connection does. */
export function accepts(port: number, host = LOOPBACK): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
