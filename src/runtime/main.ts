#!/usr/bin/env node
import { CriError } from "../errors.js";
import { markPrograms } from "./adapters/orphans.js";
import { takeNotify } from "./adapters/systemd-notify.js";
import { parseFlags } from "./config/flags.js";
import { help } from "./config/help.js";
import { type ConfigSources, loadConfig } from "./config/load.js";
import { printConfig } from "./config/print.js";
import { countFreedBuffers } from "./count-freed-buffers.js";
import { createRuntime, purgeRuntime, type Runtime } from "./index.js";
import { keepHeapSmall } from "./keep-heap-small.js";
import { createStderrLogger, type Logger } from "./log.js";
import { packageVersion } from "./package-version.js";

/** As sysexits.h has it. */
const noPermissionCode = 77;

async function main(): Promise<number> {
  const command = parseFlags(process.argv.slice(2));
  switch (command.name) {
    case "help":
      process.stdout.write(help());
      return 0;
    case "version":
      process.stdout.write(`crikit-runtime ${packageVersion()}\n`);
      return 0;
    case "config":
      process.stdout.write(printConfig(await loadConfig(command.sources)));
      return 0;
    case "purge":
      return (await purgeRuntime((await loadConfig(command.sources)).config)) ? 0 : 1;
    case "serve":
      return serve(command.sources);
  }
}

async function serve(sources: ConfigSources): Promise<number> {
  keepHeapSmall();
  countFreedBuffers();
  // Who reads the log may go before the daemon does.
  process.stderr.on("error", () => {});
  process.stdout.on("error", () => {});
  const told = stopSignal();
  const notify = takeNotify(process.env);
  const { config, file } = await loadConfig(sources);
  markPrograms(config.state);
  const log = createStderrLogger(config.logLevel, config.logFormat);
  const runtime = createRuntime(config, { log });
  process.on("SIGHUP", () => void reload(runtime, sources, log));
  const tell = (...assignments: string[]) =>
    notify(...assignments).catch((error) => log.warn("The service manager could not be told", { error }));
  await runtime.listen();
  process.stdout.write(`crikit-runtime: listening on ${runtime.endpoint}\n`);
  const { endpoint } = runtime;
  log.info("Serving", { endpoint, version: packageVersion(), root: config.root, state: config.state, file });
  await tell("READY=1", `STATUS=Serves ${endpoint}`);
  log.info("Stopping", { signal: await told });
  await Promise.all([tell("STOPPING=1"), runtime.close()]);
  return 0;
}

/** Resolves with the first signal to stop. A second one ends the process at once. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (signal: NodeJS.Signals) => {
      signals += 1;
      if (signals > 1) process.exit(1);
      resolve(signal);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}

async function reload(runtime: Runtime, sources: ConfigSources, log: Logger): Promise<void> {
  try {
    const { config } = await loadConfig(sources);
    await runtime.reload(config);
  } catch (error) {
    log.error("The configuration was not reloaded, the one before stays in force", { error });
  }
}

main().then(
  (exitCode) => {
    process.exitCode = exitCode;
    // A call that does not end must not keep a daemon alive that has been told to go.
    setTimeout(() => process.exit(), 100).unref();
  },
  (error: unknown) => {
    const expected = error instanceof CriError;
    process.stderr.write(
      `crikit-runtime: ${expected ? error.message : error instanceof Error ? error.stack : error}\n`,
    );
    process.exit(expected && error.code === "permission_denied" ? noPermissionCode : 1);
  },
);
