// How a request reaches an API server: one function, so that tests and in-process clusters can put
// their own in its place.

export interface TransportRequest {
  method: string;
  /** Path with query. */
  path: string;
  headers: Record<string, string>;
  body?: string;
  /** Aborting it ends the request, and the body if that is being read. */
  signal?: AbortSignal;
  /** The request fails when nothing arrives for so long. */
  idleMsMax: number;
  /**
   * A response without a foreseeable end (watch): it must not hold a connection that other requests
   * wait for.
   */
  streaming?: boolean;
}

export interface TransportResponse {
  status: number;
  header(name: string): string | undefined;
  /** The whole body. Either this or `chunks` may be used, once. */
  read(): Promise<Buffer>;
  /**
   * Ends when the server ends the body; throws when the connection is lost before that. Leaving the
   * loop closes it.
   */
  chunks(): AsyncIterable<Buffer>;
}

export interface Transport {
  /** Rejects when no response arrives, whatever the reason; any status is a response. */
  send(request: TransportRequest): Promise<TransportResponse>;
  close(): void;
}

/** The request was not answered: refused, reset, or timed out. */
export class ConnectionError extends Error {
  readonly code: string;
  /** The server cannot have seen the request. */
  readonly unsent: boolean;

  constructor(message: string, options: { code: string; unsent: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = "ConnectionError";
    this.code = options.code;
    this.unsent = options.unsent;
  }
}
