// The `coracle` command.

import { systemClock } from "@coracle/shared/runtime/clock";
import { Command, InvalidArgumentError, Option } from "commander";
import { CliError } from "./cli-error.ts";
import { ensureClusterFiles } from "./cluster-files.ts";
import { COMPONENTS, parseComponentFlag, parseComponents } from "./components.ts";
import { dataDirectory } from "./data-directory.ts";
import { upDetached } from "./detach.ts";
import { down } from "./down.ts";
import { reset } from "./reset.ts";
import { snapshotCommands } from "./snapshot-commands.ts";
import { type UpOptions, up } from "./up.ts";

const dataDir = () =>
  new Option("--data-dir <directory>", "where the cluster keeps everything").default(".coracle");

function integerIn(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** What an option parser throws as CliError is reported in commander's own form. */
function checked<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw error instanceof CliError ? new InvalidArgumentError(error.message) : error;
    }
  };
}

const program = new Command("coracle")
  .description("A Kubernetes control plane in TypeScript.")
  .version("0.1.0")
  .showHelpAfterError("(add --help for more)");

program
  .command("up")
  .description("start a cluster and keep it running until Ctrl-C")
  .addOption(dataDir())
  .option("--port <port>", "the API server's port", integerIn(1, 65535), 6443)
  .option("--nodes <count>", "simulated nodes", integerIn(0, 10_000), 3)
  .option("--node-cpu <quantity>", "CPU of each node", "4")
  .option("--node-memory <quantity>", "memory of each node", "8Gi")
  .addOption(
    new Option("--store <engine>", "where the API server keeps everything")
      .choices(["level", "etcd"])
      .default("level"),
  )
  .option(
    "--etcd-servers <urls>",
    "with --store etcd: comma-separated (default: one is started, if etcd is installed)",
  )
  .option("--etcd-cafile <file>", "the authority of https:// etcd servers")
  .option("--etcd-certfile <file>", "the client certificate for etcd")
  .option("--etcd-keyfile <file>", "the client certificate's key")
  .option(
    "--apiservers <count>",
    "API servers, with --store etcd: on the ports after --port, which then takes connections for all of them",
    integerIn(1, 9),
    1,
  )
  .option(
    "--control-planes <count>",
    "schedulers and controller managers: one of each leads, the others stand by",
    integerIn(1, 9),
    1,
  )
  .addOption(
    new Option("--authorization-mode <mode>", "what users other than administrators may do")
      .choices(["Trusted", "AlwaysAllow"])
      .default("Trusted"),
  )
  .addOption(
    new Option("--log-level <level>", "of every component")
      .choices(["debug", "info", "warn", "error", "silent"])
      .default("info"),
  )
  .addOption(
    new Option("--only <components>", "a comma-separated part of the components")
      .argParser(checked(parseComponents))
      .default([...COMPONENTS], COMPONENTS.join(",")),
  )
  .addOption(
    new Option(
      "--set <component.flag[=value]>",
      "one more flag for a component, for example apiserver.unsafe-no-sync (repeatable)",
    )
      .argParser((text, list: unknown[]) => [...list, checked(parseComponentFlag)(text)])
      .default([], "none"),
  )
  .option("--kubelet-port <port>", "the kubelet's port (default: a free one)", integerIn(1, 65535))
  .option("--detach", "return when the cluster is ready, and leave it running")
  .action(async ({ set, detach, ...options }) => {
    if (detach) {
      const args = process.argv.slice(2).filter((argument) => argument !== "--detach");
      console.log(await upDetached(options.dataDir, args));
      return;
    }
    await up({ ...options, flags: set } as UpOptions, (ready) => report({ ready }));
  });

program
  .command("down")
  .description("stop the cluster of a data directory")
  .addOption(dataDir())
  .action(async (options) => {
    console.log((await down(options.dataDir)) ? "stopped" : "no cluster was running");
  });

program
  .command("status")
  .description(
    "show the processes, the API server's readiness and the nodes; exit code 1 unless all is well",
  )
  .addOption(dataDir())
  .action(async (options) => {
    const { status } = await import("./status.ts"); // with TLS, which the others do not need
    const { lines, isHealthy } = await status(options.dataDir);
    console.log(lines.join("\n"));
    if (!isHealthy) process.exitCode = 1;
  });

program
  .command("reset")
  .description("stop the cluster and delete its data, certificates and kubeconfig")
  .addOption(dataDir())
  .action(async (options) => {
    console.log((await reset(options.dataDir)) ? "deleted" : "nothing to delete");
  });

program
  .command("setup")
  .description(
    "only make the certificates and kubeconfigs, for components that run elsewhere (docker-compose.yml)",
  )
  .addOption(dataDir())
  .option(
    "--server <urls>",
    "the API server as components reach it; several: comma-separated, a context for each",
    "https://127.0.0.1:6443",
  )
  .option(
    "--admin-server <urls>",
    "the API server as the admin reaches it; several: comma-separated, a context for each",
    "https://127.0.0.1:6443",
  )
  .option(
    "--host <name>",
    "one more name or address of the servers (repeatable)",
    (host, list: string[]) => [...list, host],
    [],
  )
  .action(async (options) => {
    const directory = dataDirectory(options.dataDir);
    const [admins, components] = [options.adminServer.split(","), options.server.split(",")];
    const several = (urls: string[]) => (urls.length > 1 ? urls : []);
    const { created } = ensureClusterFiles({
      directory,
      adminServer: admins[0],
      adminServers: several(admins),
      componentServer: components[0],
      componentServers: several(components),
      extraHosts: options.host,
      clock: systemClock,
    });
    console.log(
      created.length > 0 ? `made ${created.join(", ")} in ${directory.pki}` : "nothing to make",
    );
  });

program
  .command("probe <url>")
  .description("exit code 0 when the URL answers 200; for health checks of containers")
  .addOption(dataDir())
  .action(async (url, options) => {
    const { probe } = await import("./probe.ts");
    await probe(url, options.dataDir);
  });

program.addCommand(snapshotCommands((text) => console.log(text)));

/** To `up --detach`, when this process is its background part. */
function report(message: { ready: string } | { failed: string }): void {
  process.send?.(message);
}

// Whoever read our output has gone (`coracle up | head`): there is nobody left to tell.
process.stdout.on("error", () => process.exit(1));

async function main(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    const text = error instanceof CliError ? error.message : String((error as Error).stack);
    console.error(`coracle: ${text}`);
    report({ failed: text });
    process.exitCode = 1;
  }
}

void main();
