/** `fastpathd serve`: turns options into what the daemon takes, and its refusals into exit codes. */
import { isLoopback, type Address } from "../http/listen-address.ts";
import { createLogger } from "../daemon/logger.ts";
import { serve } from "../daemon/serve.ts";
import { StartError } from "../daemon/start-error.ts";
import { findToken } from "../daemon/token.ts";
import { defaultConfigDir } from "./config-dir.ts";
import { packageVersion } from "./version.ts";

export interface ServeFlags {
  readonly config?: string;
  readonly state: string;
  readonly listen: Address;
  readonly advertise?: Address;
  readonly open: boolean;
  readonly speed: number;
  readonly tokenFile?: string;
  readonly fleetSeriesLimit: number;
}

/** Serves until `stop` resolves; returns the exit code. */
export async function runServe(flags: ServeFlags, stop: Promise<string>): Promise<number> {
  try {
    if (flags.open && !isLoopback(flags.listen.host)) {
      throw new StartError(
        `--open lets everybody who reaches the port change the fleet, so it needs a loopback address in --listen, such as 127.0.0.1:9464; came ${flags.listen.host}`,
        2,
      );
    }
    const token = await findToken({ open: flags.open, file: flags.tokenFile ?? null, fromEnvironment: process.env["FASTPATHD_TOKEN"] });
    await serve({
      version: packageVersion(),
      configDir: flags.config ?? defaultConfigDir(),
      stateDir: flags.state,
      listen: flags.listen,
      advertise: flags.advertise ?? null,
      token,
      speed: flags.speed,
      fleetSeriesLimit: flags.fleetSeriesLimit,
      log: createLogger(process.stdout.isTTY),
      stop,
    });
    return 0;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(error.message);
    return error.exitCode;
  }
}
