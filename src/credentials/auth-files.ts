import { join } from "node:path";

/** What of the machine says where credentials lie. */
export interface AuthPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  readonly uid: number;
}

export interface AuthFiles {
  /** In the order they are looked into. */
  readonly paths: readonly string[];
  /** They were named, so it is an error that one is not there. */
  readonly named: boolean;
}

/** The files that podman and skopeo look into, in their order; Docker's is among them. */
export function authFiles({ env, home, platform, uid }: AuthPlaces): AuthFiles {
  if (env.REGISTRY_AUTH_FILE) return { paths: [env.REGISTRY_AUTH_FILE], named: true };
  const runtimeDirectory = env.XDG_RUNTIME_DIR
    ? join(env.XDG_RUNTIME_DIR, "containers")
    : join("/run/containers", `${uid}`);
  const paths = [
    ...(platform === "linux" ? [join(runtimeDirectory, "auth.json")] : []),
    join(env.XDG_CONFIG_HOME || join(home, ".config"), "containers/auth.json"),
    join(env.DOCKER_CONFIG || join(home, ".docker"), "config.json"),
  ];
  return { paths, named: false };
}
