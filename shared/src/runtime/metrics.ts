// Counters, gauges and histograms in Prometheus' text format.

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  samples(): Iterable<string>;
}

const escapeValue = (value: string): string =>
  value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

class ValueFamily implements Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly #values = new Map<string, number>();

  constructor(type: "counter" | "gauge", name: string, help: string) {
    this.type = type;
    this.name = name;
    this.help = help;
  }

  add(labels: Labels, by: number): void {
    const key = labelText(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + by);
  }

  set(labels: Labels, value: number): void {
    this.#values.set(labelText(labels), value);
  }

  *samples(): Iterable<string> {
    for (const [labels, value] of this.#values) yield `${this.name}${labels} ${value}`;
  }
}

interface Observed {
  labels: Labels;
  counts: number[];
  sum: number;
  count: number;
}

class HistogramFamily implements Family {
  readonly name: string;
  readonly help: string;
  readonly type = "histogram";
  readonly #bounds: readonly number[];
  readonly #observed = new Map<string, Observed>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#bounds = bounds;
  }

  observe(labels: Labels, value: number): void {
    const key = labelText(labels);
    let observed = this.#observed.get(key);
    if (observed === undefined) {
      observed = { labels, counts: this.#bounds.map(() => 0), sum: 0, count: 0 };
      this.#observed.set(key, observed);
    }
    observed.sum += value;
    observed.count += 1;
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) observed.counts[bucket] = (observed.counts[bucket] as number) + 1;
  }

  *samples(): Iterable<string> {
    for (const { labels, counts, sum, count } of this.#observed.values()) {
      let cumulative = 0;
      for (const [i, bound] of this.#bounds.entries()) {
        cumulative += counts[i] as number;
        yield `${this.name}_bucket${labelText({ ...labels, le: String(bound) })} ${cumulative}`;
      }
      yield `${this.name}_bucket${labelText({ ...labels, le: "+Inf" })} ${count}`;
      yield `${this.name}_sum${labelText(labels)} ${sum}`;
      yield `${this.name}_count${labelText(labels)} ${count}`;
    }
  }
}

export interface Counter {
  add(labels: Labels, by: number): void;
}
export interface Gauge extends Counter {
  set(labels: Labels, value: number): void;
}
export interface Histogram {
  observe(labels: Labels, value: number): void;
}

/** Metrics of one process. */
export class Metrics {
  readonly #families: Family[] = [];

  counter(name: string, help: string): Counter {
    return this.#register(new ValueFamily("counter", name, help));
  }

  gauge(name: string, help: string): Gauge {
    return this.#register(new ValueFamily("gauge", name, help));
  }

  /** `bounds`: upper bounds of the buckets, rising, without infinity. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    return this.#register(new HistogramFamily(name, help, bounds));
  }

  /** Content type `text/plain; version=0.0.4`. */
  render(): string {
    let text = "";
    for (const family of this.#families) {
      text += `# HELP ${family.name} ${family.help}\n# TYPE ${family.name} ${family.type}\n`;
      for (const sample of family.samples()) text += `${sample}\n`;
    }
    return text;
  }

  #register<F extends Family>(family: F): F {
    this.#families.push(family);
    return family;
  }
}
