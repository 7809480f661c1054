// Lets a component write only while it leads. It must end when it has lost its lease, but a process that was stopped for a while
// (a laptop's lid, a debugger, a long pause) goes on where it was before it learns of that; its writes end here.
import {
  ConnectionError,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from "../client/transport.ts";

const READS = new Set(["GET", "HEAD", "OPTIONS"]);

export function fencedTransport(transport: Transport, isHeld: () => boolean): Transport {
  return {
    async send(request: TransportRequest): Promise<TransportResponse> {
      if (READS.has(request.method) || isHeld()) return transport.send(request);
      const message = `${request.method} ${request.path}: not sent, this process does not lead`;
      throw new ConnectionError(message, { code: "ENOTLEADER", unsent: true });
    },
    close: () => transport.close(),
  };
}
