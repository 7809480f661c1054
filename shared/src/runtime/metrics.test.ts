import { describe, expect, it } from "vitest";
import { Metrics } from "./metrics.ts";

describe("Metrics", () => {
  it("renders each family with its samples", () => {
    const metrics = new Metrics();
    const requests = metrics.counter("requests_total", "Requests.");
    const depth = metrics.gauge("depth", "Depth.");
    const seconds = metrics.histogram("seconds", "Time.", [0.1, 1]);
    requests.add({ verb: "GET" }, 1);
    requests.add({ verb: "GET" }, 2);
    requests.add({ verb: 'a"b\\c\n' }, 1);
    depth.set({}, 5);
    depth.add({}, -2);
    for (const value of [0.1, 0.5, 3]) seconds.observe({ q: "x" }, value);
    expect(metrics.render()).toBe(`# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{verb="GET"} 3
requests_total{verb="a\\"b\\\\c\\n"} 1
# HELP depth Depth.
# TYPE depth gauge
depth 3
# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{q="x",le="0.1"} 1
seconds_bucket{q="x",le="1"} 2
seconds_bucket{q="x",le="+Inf"} 3
seconds_sum{q="x"} 3.6
seconds_count{q="x"} 3
`);
  });
});
