// JSON as it is written, so that a mutation can say what a value cannot: repeated keys, numbers of any spelling, depth.

export type JsonForm =
  | string
  | number
  | boolean
  | null
  | { list: JsonForm[] }
  | { members: [string, JsonForm][] }
  /** Printed as it is. */
  | { raw: string };

export type JsonContainer = { list: JsonForm[] } | { members: [string, JsonForm][] };

export function formOf(value: unknown): JsonForm {
  if (Array.isArray(value)) return { list: value.map(formOf) };
  if (typeof value !== "object" || value === null) return value as string | number | boolean | null;
  return { members: Object.entries(value).map(([key, member]) => [key, formOf(member)]) };
}

export const isContainer = (form: JsonForm): form is JsonContainer =>
  typeof form === "object" && form !== null && !("raw" in form);

export function printForm(form: JsonForm): string {
  if (typeof form !== "object" || form === null) return JSON.stringify(form);
  if ("raw" in form) return form.raw;
  if ("list" in form) return `[${form.list.map(printForm).join(",")}]`;
  const members = form.members.map(([key, value]) => `${JSON.stringify(key)}:${printForm(value)}`);
  return `{${members.join(",")}}`;
}

export const childrenOf = (form: JsonForm): JsonForm[] => {
  if (!isContainer(form)) return [];
  return "list" in form ? form.list : form.members.map(([, value]) => value);
};

/** Every object and list in it, itself first. */
export function containersIn(form: JsonForm): JsonContainer[] {
  return isContainer(form) ? [form, ...childrenOf(form).flatMap(containersIn)] : [];
}
