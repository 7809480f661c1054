// Lists and maps of this group have a greatest size; what is beyond it is not looked at (upstream: validateSlice, validateSet,
// validateMap of pkg/apis/resource/validation).
import { duplicate, tooMany } from "@coracle/shared/machinery/field-error";
import type { FieldError } from "@coracle/shared/machinery/status-error";

/** `max` below 0: any number. */
export function validateList<T>(
  items: readonly T[] = [],
  max: number,
  path: string,
  validateItem: (item: T, path: string) => FieldError[],
): FieldError[] {
  if (max >= 0 && items.length > max) return [tooMany(path, items.length, max)];
  return items.flatMap((item, i) => validateItem(item, `${path}[${i}]`));
}

/** As validateList, without two of the same key; `shownKey` is what a finding shows of it. */
export function validateSet<T>(
  items: readonly T[] = [],
  max: number,
  path: string,
  validateItem: (item: T, path: string) => FieldError[],
  keyOf: (item: T) => unknown,
): FieldError[] {
  if (max >= 0 && items.length > max) return [tooMany(path, items.length, max)];
  const errors = validateList(items, -1, path, validateItem);
  const seen = new Set<string>();
  items.forEach((item, i) => {
    const key = keyOf(item);
    const text = JSON.stringify(key);
    if (seen.has(text)) errors.push(duplicate(`${path}[${i}]`, key));
    seen.add(text);
  });
  return errors;
}

/** In the order of the keys; upstream's order is any. Findings on a key name the map. */
export function validateMap<T>(
  map: Readonly<Record<string, T>> = {},
  { max, path, keyBytesMax }: { max: number; path: string; keyBytesMax: number },
  validateKey: (key: string, path: string) => FieldError[],
  validateItem: (item: T, path: string) => FieldError[],
): FieldError[] {
  const keys = Object.keys(map).sort();
  if (max >= 0 && keys.length > max) return [tooMany(path, keys.length, max)];
  return keys.flatMap((key) => [
    ...validateKey(key, path),
    ...validateItem(map[key] as T, `${path}[${shortened(key, keyBytesMax)}]`),
  ]);
}

/** The middle of a long key is left out. */
function shortened(text: string, wanted: number): string {
  const max = Math.max(wanted, 16);
  if (text.length <= max) return text;
  const rest = max - 3;
  return `${text.slice(0, Math.floor((rest + 1) / 2))}...${text.slice(text.length - Math.floor(rest / 2))}`;
}
