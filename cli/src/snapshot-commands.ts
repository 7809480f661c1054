// `coracle snapshot …`: the options of its commands.
import { Command, Option } from "commander";
import type { RestoreOptions } from "./snapshot-restore.ts";
import type { SaveOptions } from "./snapshot-save.ts";

const dataDir = () =>
  new Option("--data-dir <directory>", "where the cluster keeps everything").default(".coracle");

/** What the commands say on standard output goes to `print`. */
export function snapshotCommands(print: (text: string) => void): Command {
  const snapshot = new Command("snapshot").description("back up and restore what a cluster holds");
  snapshot
    .command("save <file>")
    .description("write everything that a running cluster holds, at one revision, to a file")
    .addOption(dataDir())
    .option("--kubeconfig <file>", "of an administrator (default: the data directory's)")
    .action(async (file: string, options: SaveOptions) => {
      const { save } = await import("./snapshot-save.ts");
      print(await save(file, options));
    });
  snapshot
    .command("restore <file>")
    .description("make a new data directory, or fill an empty etcd, from a snapshot")
    .addOption(dataDir())
    .addOption(
      new Option("--store <engine>", "what to restore into")
        .choices(["level", "etcd"])
        .default("level"),
    )
    .option("--etcd-servers <urls>", "with --store etcd: comma-separated", "http://127.0.0.1:2379")
    .option("--etcd-prefix <path>", "where in etcd the keys go", "/registry")
    .option("--etcd-cafile <file>", "the authority of https:// etcd servers")
    .option("--etcd-certfile <file>", "the client certificate for etcd")
    .option("--etcd-keyfile <file>", "the client certificate's key")
    .action(async (file: string, options: RestoreOptions) => {
      const { restore } = await import("./snapshot-restore.ts");
      print(await restore(file, options));
    });
  snapshot
    .command("status <file>")
    .description("check a snapshot and say what it is of")
    .action(async (file: string) => {
      const { status } = await import("./snapshot-inspect.ts");
      print(await status(file));
    });
  snapshot
    .command("inspect <file>")
    .description("check a snapshot and count what it holds, by kind")
    .option("--objects", "print each object instead, as one line of JSON")
    .action(async (file: string, { objects }: { objects?: boolean }) => {
      const { inspect, printObjects } = await import("./snapshot-inspect.ts");
      if (objects) await printObjects(file, print);
      else print(await inspect(file));
    });
  return snapshot;
}
