// apiserver_request_total and apiserver_request_duration_seconds, under upstream's names.
import type { Counter, Histogram, Metrics } from "@coracle/shared/runtime/metrics";
import type { RequestInfo } from "../filters/request-info.ts";
import type { ApiRequest } from "./api-request.ts";

const BOUNDS_SECONDS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 10, 30, 60,
];
const FLUSH_EVERY = 64;

interface Sample {
  verb: string;
  resource: string;
  code: number;
  durationMs: number;
}

/** Samples are kept as they come and given to the metrics in batches: label rendering is not for the hot path. */
export class RequestMetrics {
  readonly #total: Counter;
  readonly #duration: Histogram;
  #samples: Sample[] = [];
  readonly #isServed: (info: RequestInfo) => boolean;

  /** Of resources that are not served, whose names a client makes up, nothing is kept by name. */
  constructor(metrics: Metrics, isServed: (info: RequestInfo) => boolean) {
    this.#isServed = isServed;
    this.#total = metrics.counter(
      "apiserver_request_total",
      "Requests by verb, resource and response code.",
    );
    this.#duration = metrics.histogram(
      "apiserver_request_duration_seconds",
      "Time from a request's arrival to its answer, by verb and resource.",
      BOUNDS_SECONDS,
    );
  }

  observe(request: ApiRequest | undefined, code: number, durationMs: number): void {
    const verb = request?.info.verb ?? "";
    const resource = request && this.#isServed(request.info) ? request.info.resource : "";
    this.#samples.push({ verb, resource, code, durationMs });
    if (this.#samples.length >= FLUSH_EVERY) this.flush();
  }

  flush(): void {
    for (const { verb, resource, code, durationMs } of this.#samples) {
      this.#total.add({ verb, resource, code: String(code) }, 1);
      this.#duration.observe({ verb, resource }, durationMs / 1000);
    }
    this.#samples = [];
  }
}
