import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addQuantities,
  canonical,
  compareQuantities,
  formatQuantity,
  milliQuantityOf,
  milliValue,
  parseQuantity,
  quantityOf,
  roundUpToMilli,
  signOf,
  subtractQuantities,
  value,
} from "./quantity.ts";

describe("canonical form", () => {
  it.each([
    ["0", "0"],
    ["1000m", "1"],
    ["500m", "500m"],
    ["0.5", "500m"],
    ["1.5", "1500m"],
    ["1.500", "1.500"], // upstream keeps it: it looks canonical to its fast path
    ["05", "05"],
    ["+5", "+5"],
    [" 5 ", "5"],
    [".5", "500m"],
    [".", "0"],
    ["+", "0"],
    ["-1.5Gi", "-1536Mi"],
    ["1024Mi", "1Gi"],
    ["1030Mi", "1030Mi"],
    ["1000Ki", "1000Ki"],
    ["512", "512"],
    ["0.5Ki", "512"],
    ["0.1Ki", "102400m"],
    ["1e3", "1e3"],
    ["1E3", "1E3"],
    ["100e1", "1e3"],
    ["1E", "1E"],
    ["1000E", "1"], // no suffix above E: upstream's own quirk
    ["0.0000000001", "1n"],
    ["-0.0000000001", "-1n"],
    ["1e-12", "1e-9"],
    ["1.23456789012345678901", "1234567891n"],
    ["9Ei", "9223372036854775807"],
    ["8Ei", "9223372036854775807"],
    ["7Ei", "7Ei"],
    ["12345678901234567890", "12345678901234567890"],
    ["Ki", "0"],
    ["000", "0"],
    ["100Ti", "100Ti"],
  ])("%s → %s", (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });

  it.each([
    ["", /^quantities must match the regular expression/],
    ["abc", /^quantities must match the regular expression/],
    ["1.2.3", /^quantities must match the regular expression/],
    ["1 Gi", /^quantities must match the regular expression/],
    ["1Gb", /^quantities must match the regular expression/],
    ["1K", /^unable to parse quantity's suffix$/],
    ["1e", /^unable to parse quantity's suffix$/],
    ["1-5", /^unable to parse quantity's suffix$/],
    ["1ee5", /^unable to parse quantity's suffix$/],
    ["Ei", /^unable to parse numeric part of quantity$/],
  ])("%j is refused", (text, message) => {
    expect(() => parseQuantity(text)).toThrow(message);
  });
});

describe("values", () => {
  it.each([
    ["100m", 1, 100],
    ["1", 1, 1000],
    ["1.5", 2, 1500],
    ["1Ki", 1024, 1024000],
    ["1n", 1, 1],
    ["-1.5", -2, -1500],
    ["2k", 2000, 2e6],
    ["1e3", 1000, 1e6],
    ["16Gi", 16 * 2 ** 30, 1000 * 16 * 2 ** 30],
  ])("%s", (text, whole, milli) => {
    expect(value(text)).toBe(whole);
    expect(milliValue(text)).toBe(milli);
    expect(value(parseQuantity(text))).toBe(whole);
    expect(milliValue(parseQuantity(text))).toBe(milli);
  });

  it("stays calm with monstrous exponents", () => {
    expect(compareQuantities("1e2000000000", "1e1999999999")).toBeGreaterThan(0);
    expect(compareQuantities("-1e2000000000", "5")).toBeLessThan(0);
    expect(canonical("1e-2000000000")).toBe("1e-9");
    expect(value("1e100")).toBe(1e100);
  });

  it("rounds up to a milli", () => {
    expect(roundUpToMilli("1u")).toBe("1m");
    expect(roundUpToMilli("1.0000001")).toBe("1001m");
    expect(roundUpToMilli("1.500")).toBe("1.500");
  });

  it("adds in the format of the first that is not zero", () => {
    expect(formatQuantity(addQuantities("500m", "0.5"))).toBe("1");
    expect(formatQuantity(addQuantities("0", "1Gi"))).toBe("1Gi");
    expect(formatQuantity(addQuantities("1Gi", "512M"))).toBe("1548576Ki");
    expect(formatQuantity(subtractQuantities("1", "1500m"))).toBe("-500m");
    expect(formatQuantity(quantityOf(2048, "BinarySI"))).toBe("2Ki");
    expect(formatQuantity(milliQuantityOf(2500, "DecimalSI"))).toBe("2500m");
    expect(signOf("-1m")).toBe(-1);
    expect(signOf("0Ki")).toBe(0);
  });
});

describe("properties", () => {
  const suffix = fc.constantFrom(
    "n",
    "u",
    "m",
    "",
    "k",
    "M",
    "G",
    "T",
    "P",
    "E",
    "Ki",
    "Mi",
    "Gi",
    "Ti",
    "Pi",
    "e3",
    "E-4",
  );
  const text = fc
    .tuple(
      fc.constantFrom("", "-"),
      fc.bigInt({ min: 0n, max: 10n ** 20n }),
      fc.option(fc.integer({ min: 0, max: 99999 }), { nil: undefined }),
      suffix,
    )
    .map(
      ([sign, whole, part, end]) => `${sign}${whole}${part === undefined ? "" : `.${part}`}${end}`,
    );

  it("the canonical form is a fixed point of the same value", () => {
    fc.assert(
      fc.property(text, (given) => {
        const quantity = parseQuantity(given);
        const printed = canonical(given);
        const magnitude = compareQuantities(given.replace("-", ""), "1e21");
        fc.pre(magnitude < 0); // from there on upstream prints no suffix
        expect(canonical(printed)).toBe(printed);
        expect(compareQuantities(quantity, printed)).toBe(0);
      }),
    );
  });

  it("sums are ordered, commutative in value, and undone by subtraction", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const sum = addQuantities(a, b);
        expect(compareQuantities(sum, addQuantities(b, a))).toBe(0);
        expect(compareQuantities(subtractQuantities(sum, b), a)).toBe(0);
        expect(Math.sign(compareQuantities(sum, a))).toBe(signOf(b));
      }),
    );
  });

  it("the quick reading of plain integers agrees with the exact one", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.constantFrom("", "m", "k", "M", "G", "Ki", "Mi", "Gi"),
        (whole, end) => {
          const given = `${whole}${end}`;
          expect(milliValue(given)).toBe(milliValue(parseQuantity(given)));
          expect(value(given)).toBe(value(parseQuantity(given)));
        },
      ),
    );
  });
});
