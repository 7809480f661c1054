/** A member that the client may have named `constructor` or `toString`, which every object has. */
export const ownValue = <T>(
  of: Readonly<Record<string, T>> | null | undefined,
  name: string,
): T | undefined =>
  of !== undefined && of !== null && Object.hasOwn(of, name) ? of[name] : undefined;
