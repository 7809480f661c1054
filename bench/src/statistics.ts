/** The value below which the given share of the sample lies; undefined for an empty sample. */
export function quantile(sample: readonly number[], share: number): number | undefined {
  const sorted = sample.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** `median (min–max) unit` */
export function summary(sample: readonly number[], unit: string, digits = 0): string {
  const [median = 0, min = 0, max = 0] = [
    quantile(sample, 0.5),
    quantile(sample, 0),
    quantile(sample, 1),
  ];
  const text = (value: number) => value.toFixed(digits);
  return `${text(median)} (${text(min)}–${text(max)}) ${unit}`;
}
