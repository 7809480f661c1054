// Descriptions of table columns, in words of our own: kubectl does not show them, but clients may.
const descriptions: Readonly<Record<string, string>> = {
  Name: "Name of the object, unique among those of its kind and namespace.",
  Age: "Time since the object was created.",
  "Created At": "When the object was created.",
  Status: "Condition of the object, in one word.",
};

export const columnDescription = (kind: string, column: string): string =>
  descriptions[column] ?? `${column} of the ${kind}.`;
