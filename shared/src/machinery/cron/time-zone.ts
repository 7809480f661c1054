// Names of time zones, as Go's time.LoadLocation knows them: those of the IANA database, in their own spelling.
import zoneNames from "./time-zones.json" with { type: "json" };

const names: ReadonlySet<string> = new Set(zoneNames);
/** What zones are below. */
const areas: ReadonlySet<string> = new Set(
  zoneNames.flatMap((name) => [...name.matchAll(/\//g)].map(({ index }) => name.slice(0, index))),
);

/** Go's complaint about the name of a time zone; undefined when there is such a zone. */
export function zoneComplaint(name: string): string | undefined {
  if (name === "" || name === "UTC" || name === "Local" || names.has(name)) return undefined;
  if (areas.has(name)) return "is a directory";
  const leaves = name.split(/[/\\]/).includes("..");
  return leaves || name.startsWith("/") || name.startsWith("\\")
    ? "time: invalid location name"
    : `unknown time zone ${name}`;
}
