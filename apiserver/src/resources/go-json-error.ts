import { JsonSyntaxError, readJson } from "../encoding/json-document.ts";

const goNames: Readonly<Record<string, string>> = {
  array: "array",
  string: "string",
  number: "number",
  bool: "bool",
};

/** What Go says when it decodes `text` as a JSON object; undefined when it does not complain. */
export function goJsonError(text: string): string | undefined {
  try {
    const { type } = readJson(text);
    if (type === "object" || type === "null") return undefined;
    return `json: cannot unmarshal ${goNames[type]} into Go value of type map[string]interface {}`;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return error.message;
    throw error;
  }
}
