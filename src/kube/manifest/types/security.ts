import type { OneOf } from "./common.js";

/** What all containers of a pod are allowed, unless their own says otherwise. */
export interface PodSecurityContext {
  runAsUser?: number | undefined;
  runAsGroup?: number | undefined;
  /** A container that would run as root is an error. */
  runAsNonRoot?: boolean | undefined;
  supplementalGroups?: number[] | undefined;
  supplementalGroupsPolicy?: OneOf<"Merge" | "Strict"> | undefined;
  /** Volumes made for the pod belong to this group, and containers run with it. */
  fsGroup?: number | undefined;
  /** Volumes are new with each pod, so both are the same here. */
  fsGroupChangePolicy?: OneOf<"Always" | "OnRootMismatch"> | undefined;
  seccompProfile?: SecurityProfileManifest | undefined;
  appArmorProfile?: SecurityProfileManifest | undefined;
  seLinuxOptions?: SELinuxOptions | undefined;
  sysctls?: { name: string; value: string }[] | undefined;
}

/** As whom a container runs, and what it may. */
export interface SecurityContext {
  runAsUser?: number | undefined;
  runAsGroup?: number | undefined;
  runAsNonRoot?: boolean | undefined;
  privileged?: boolean | undefined;
  allowPrivilegeEscalation?: boolean | undefined;
  readOnlyRootFilesystem?: boolean | undefined;
  capabilities?: { add?: string[] | undefined; drop?: string[] | undefined } | undefined;
  seccompProfile?: SecurityProfileManifest | undefined;
  appArmorProfile?: SecurityProfileManifest | undefined;
  seLinuxOptions?: SELinuxOptions | undefined;
  /** `Unmasked` shows all of `/proc`. */
  procMount?: OneOf<"Default" | "Unmasked"> | undefined;
}

/** A seccomp or AppArmor profile. */
export interface SecurityProfileManifest {
  type: OneOf<"RuntimeDefault" | "Unconfined" | "Localhost">;
  /** Of seccomp a file under `/var/lib/kubelet/seccomp`, of AppArmor a profile's name. */
  localhostProfile?: string | undefined;
}

/** The SELinux label of a container. */
export interface SELinuxOptions {
  user?: string | undefined;
  role?: string | undefined;
  type?: string | undefined;
  level?: string | undefined;
}
