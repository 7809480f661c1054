// Resource quantities (`500m`, `1.5Gi`, `12e6`), exactly as apimachinery's resource.Quantity: what parses, what is rounded,
// and how a value is printed. A quantity is `unscaled × 10^exponent`, so nothing is ever lost to floating point.

export type QuantityFormat = "DecimalExponent" | "BinarySI" | "DecimalSI";

export interface Quantity {
  readonly unscaled: bigint;
  readonly exponent: number;
  readonly format: QuantityFormat;
  /** The text as given, where upstream keeps it because it counts as canonical already. */
  readonly text?: string;
}

const WRONG_FORMAT =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_NUMBER = "unable to parse numeric part of quantity";
const WRONG_SUFFIX = "unable to parse quantity's suffix";

/** The message is upstream's. */
export class QuantityError extends Error {
  override readonly name = "QuantityError";
}

const NANO = -9;
const INT64_MAX = 2n ** 63n - 1n;
/** Digits that upstream handles in an int64. */
const FAST_DIGITS = 18;

const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const binaryExponents: Readonly<Record<string, number>> = {
  Ki: 10,
  Mi: 20,
  Gi: 30,
  Ti: 40,
  Pi: 50,
  Ei: 60,
};
const decimalSuffixes = new Map(Object.entries(decimalExponents).map(([s, e]) => [e, s]));
const binarySuffixes = new Map(Object.entries(binaryExponents).map(([s, e]) => [e, s]));

const shape = /^([+-]?)(0*)(\d*)(?:(\.)(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;

function interpretSuffix(suffix: string): { exponent: number; format: QuantityFormat } {
  const decimal = decimalExponents[suffix];
  if (decimal !== undefined) return { exponent: decimal, format: "DecimalSI" };
  const binary = binaryExponents[suffix];
  if (binary !== undefined) return { exponent: binary, format: "BinarySI" };
  const power = /^[eE]([+-]?\d+)$/.exec(suffix);
  if (power === null) throw new QuantityError(WRONG_SUFFIX);
  const wide = BigInt((power[1] as string).replace(/^\+/, ""));
  if (BigInt.asIntN(64, wide) !== wide) throw new QuantityError(WRONG_SUFFIX);
  return { exponent: Number(BigInt.asIntN(32, wide)), format: "DecimalExponent" };
}

/**
 * Parses as upstream does when it decodes JSON: blanks around are ignored, what is smaller than a nano is rounded away from
 * zero, a binary quantity is capped at the largest int64. Throws QuantityError.
 */
export function parseQuantity(given: string): Quantity {
  const text = given.trim();
  if (text === "") throw new QuantityError(WRONG_FORMAT);
  if (text === "0") return { unscaled: 0n, exponent: 0, format: "DecimalSI", text };
  const match = shape.exec(text);
  if (match === null) throw new QuantityError(WRONG_FORMAT);
  const [, sign, zeros = "", digits = "", dot, fraction = "", suffix = ""] = match;
  const whole = digits === "" ? "0" : digits;
  const { exponent, format } = interpretSuffix(suffix);
  const negative = sign === "-";

  const fast = parseFast(whole, fraction, exponent, format);
  if (fast !== undefined) {
    const unscaled = negative ? -fast.unscaled : fast.unscaled;
    const quantity = { unscaled, exponent: fast.exponent, format };
    return fast.keepsText ? { ...quantity, text } : quantity;
  }
  // Upstream reads the number again here, and `Ei` without digits has none.
  const bare = zeros === "" && digits === "" && fraction === "";
  if (bare && (dot !== undefined || suffix !== "")) throw new QuantityError(WRONG_NUMBER);
  return parseExact(whole + fraction, fraction.length, exponent, format, negative);
}

/** The path for whatever fits an int64; undefined when upstream leaves it. */
function parseFast(
  whole: string,
  fraction: string,
  suffixExponent: number,
  format: QuantityFormat,
): { unscaled: bigint; exponent: number; keepsText: boolean } | undefined {
  const digits = whole + fraction;
  if (format === "BinarySI") {
    const precision = 15 - whole.length - Math.trunc((suffixExponent * 3) / 10) - 1;
    if (fraction !== "" || precision < 0) return undefined;
    const value = BigInt(digits);
    return {
      unscaled: value << BigInt(suffixExponent),
      exponent: 0,
      keepsText: (value & 7n) !== 0n,
    };
  }
  const exponent = suffixExponent - fraction.length;
  if (digits.length > FAST_DIGITS || exponent < NANO) return undefined;
  const keepsText = exponent % 3 === 0 && !digits.endsWith("000") && digits[0] !== "0";
  return { unscaled: BigInt(digits), exponent, keepsText };
}

function parseExact(
  digits: string,
  fractionLength: number,
  suffixExponent: number,
  format: QuantityFormat,
  negative: boolean,
): Quantity {
  let unscaled = BigInt(digits);
  let exponent = 0 - fractionLength;
  if (format === "BinarySI") unscaled <<= BigInt(suffixExponent);
  else exponent += suffixExponent;
  if (unscaled !== 0n && exponent < NANO) {
    unscaled = divideRoundingUp(unscaled, NANO - exponent);
    exponent = NANO;
  }
  let shownAs = format;
  if (format === "BinarySI") {
    const one = 10n ** BigInt(-exponent);
    if (unscaled > INT64_MAX * one) {
      unscaled = INT64_MAX;
      exponent = 0;
    } else if (unscaled > 0n && unscaled < one) {
      shownAs = "DecimalSI";
    }
  }
  return { unscaled: negative ? -unscaled : unscaled, exponent, format: shownAs };
}

/** `value / 10^power`, rounded away from zero. */
function divideRoundingUp(value: bigint, power: number): bigint {
  if (value === 0n) return 0n;
  if (value < 0n) return -divideRoundingUp(-value, power);
  if (power > value.toString().length) return 1n;
  const divisor = 10n ** BigInt(power);
  return (value + divisor - 1n) / divisor;
}

/** Moves factors of `base` out of `value`. */
function removeFactors(value: bigint, base: bigint): { value: bigint; times: number } {
  let times = 0;
  let rest = value;
  while (rest !== 0n && rest % base === 0n) {
    rest /= base;
    times++;
  }
  return { value: rest, times };
}

/** The text that upstream prints. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.text !== undefined) return quantity.text;
  const { unscaled, exponent, format } = quantity;
  if (unscaled === 0n) return "0";
  if (format === "BinarySI") {
    const binary = formatBinary(unscaled, exponent);
    if (binary !== undefined) return binary;
  }
  const reduced = removeFactors(unscaled, 10n);
  let power = exponent + reduced.times;
  let amount = reduced.value;
  while (power % 3 !== 0) {
    amount *= 10n;
    power--;
  }
  if (format === "DecimalExponent") return `${amount}${power === 0 ? "" : `e${power}`}`;
  // Above Exa there is no suffix, and upstream then prints none.
  return `${amount}${decimalSuffixes.get(power) ?? ""}`;
}

/** undefined when the value is better shown in decimal: below 1024, or not whole. */
function formatBinary(unscaled: bigint, exponent: number): string | undefined {
  let whole = unscaled;
  if (exponent > 0) whole *= 10n ** BigInt(exponent);
  else if (exponent < 0) {
    const divisor = 10n ** BigInt(-exponent);
    if (unscaled % divisor !== 0n) return undefined;
    whole = unscaled / divisor;
  }
  if (whole > -1024n && whole < 1024n) return undefined;
  const reduced = removeFactors(whole, 1024n);
  return `${reduced.value}${binarySuffixes.get(reduced.times * 10) ?? ""}`;
}

/** The form in which an object is stored and served: `1000m` → `1`. Throws QuantityError. */
export function canonical(text: string): string {
  return formatQuantity(parseQuantity(text));
}

export const quantityOf = (value: number | bigint, format: QuantityFormat): Quantity => ({
  unscaled: BigInt(value),
  exponent: 0,
  format,
});

export const milliQuantityOf = (milli: number | bigint, format: QuantityFormat): Quantity => ({
  unscaled: BigInt(milli),
  exponent: -3,
  format,
});

const asQuantity = (quantity: Quantity | string): Quantity =>
  typeof quantity === "string" ? parseQuantity(quantity) : quantity;

/** -1, 0 or 1. */
export function signOf(quantity: Quantity | string): number {
  const { unscaled } = asQuantity(quantity);
  if (unscaled === 0n) return 0;
  return unscaled < 0n ? -1 : 1;
}

/** Negative when a < b, 0 when equal, positive when a > b. */
export function compareQuantities(a: Quantity | string, b: Quantity | string): number {
  const left = asQuantity(a);
  const right = asQuantity(b);
  const sign = signOf(left);
  if (sign !== signOf(right)) return sign - signOf(right);
  if (sign === 0) return 0;
  // First by magnitude, so that 1e2000000000 is never written out.
  const magnitude = (q: Quantity) => q.unscaled.toString().replace("-", "").length + q.exponent;
  const difference = magnitude(left) - magnitude(right);
  if (difference !== 0) return difference > 0 ? sign : -sign;
  const [x, y] = align(left, right);
  if (x === y) return 0;
  return x < y ? -1 : 1;
}

/** Both mantissas at the smaller of the two exponents. */
function align(a: Quantity, b: Quantity): [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  const scaled = (q: Quantity) => q.unscaled * 10n ** BigInt(q.exponent - exponent);
  return [scaled(a), scaled(b), exponent];
}

/** In the format of `a`, or of `b` when `a` is zero. */
export function addQuantities(a: Quantity | string, b: Quantity | string): Quantity {
  const left = asQuantity(a);
  const right = asQuantity(b);
  const format = left.unscaled === 0n ? right.format : left.format;
  const [x, y, exponent] = align(left, right);
  return { unscaled: x + y, exponent, format };
}

export function subtractQuantities(a: Quantity | string, b: Quantity | string): Quantity {
  const right = asQuantity(b);
  return addQuantities(a, {
    unscaled: -right.unscaled,
    exponent: right.exponent,
    format: right.format,
  });
}

/** Upstream rounds what a client asks for up to a milli when it sets a Pod's defaults. */
export function roundUpToMilli(text: string): string {
  const quantity = parseQuantity(text);
  if (quantity.exponent >= -3) return formatQuantity(quantity);
  return formatQuantity({
    unscaled: divideRoundingUp(quantity.unscaled, -3 - quantity.exponent),
    exponent: -3,
    format: quantity.format,
  });
}

function scaledValue(quantity: Quantity, scale: number): number {
  const shift = quantity.exponent - scale;
  if (shift < 0) return Number(divideRoundingUp(quantity.unscaled, -shift));
  // Beyond an int64 the exact number does not matter to any caller; it must only stay huge.
  if (shift > 40) return Number(`${quantity.unscaled}e${shift}`);
  return Number(quantity.unscaled * 10n ** BigInt(shift));
}

/** Rounded up to a whole number (bytes, Pods, cores). Throws QuantityError. */
export function value(quantity: Quantity | string): number {
  if (typeof quantity === "string") {
    const simple = simpleMilli(quantity);
    if (simple !== undefined) return Math.ceil(simple / 1000);
  }
  return scaledValue(asQuantity(quantity), 0);
}

/** In thousandths, rounded up (cpu). Throws QuantityError. */
export function milliValue(quantity: Quantity | string): number {
  if (typeof quantity === "string") {
    const simple = simpleMilli(quantity);
    if (simple !== undefined) return simple;
  }
  return scaledValue(asQuantity(quantity), -3);
}

const simpleFactors: Readonly<Record<string, number>> = {
  "": 1000,
  m: 1,
  k: 1e6,
  M: 1e9,
  G: 1e12,
  Ki: 1000 * 2 ** 10,
  Mi: 1000 * 2 ** 20,
  Gi: 1000 * 2 ** 30,
  Ti: 1000 * 2 ** 40,
};

/** Thousandths of a plain integer with a common suffix, as schedulers read by the million; undefined for the rest. */
function simpleMilli(text: string): number | undefined {
  let number = 0;
  let at = 0;
  for (; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) break;
    number = number * 10 + digit;
  }
  if (at === 0 || at > 15) return undefined;
  const factor = simpleFactors[text.slice(at)];
  if (factor === undefined) return undefined;
  const milli = number * factor;
  return milli <= Number.MAX_SAFE_INTEGER ? milli : undefined;
}
