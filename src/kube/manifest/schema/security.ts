import type {
  PodSecurityContext,
  SELinuxOptions,
  SecurityContext,
  SecurityProfileManifest,
} from "../types/security.js";
import type { Output, RulesOf } from "./rule.js";
import { checked, list, object, optional } from "./structures.js";
import { filled, flag, oneOf, text, userId } from "./values.js";

const profile = checked(
  object({
    type: oneOf("RuntimeDefault", "Unconfined", "Localhost"),
    localhostProfile: optional(filled),
  } satisfies RulesOf<SecurityProfileManifest>),
  ({ type, localhostProfile }) => {
    if ((type === "Localhost") === (localhostProfile !== undefined)) return undefined;
    return "must have a localhostProfile with the type Localhost, and with no other";
  },
);

const seLinuxOptions = object({
  user: optional(text),
  role: optional(text),
  type: optional(text),
  level: optional(text),
} satisfies RulesOf<SELinuxOptions>);

const shared = {
  runAsUser: optional(userId),
  runAsGroup: optional(userId),
  runAsNonRoot: optional(flag),
  seccompProfile: optional(profile),
  appArmorProfile: optional(profile),
  seLinuxOptions: optional(seLinuxOptions),
};

const refused = { windowsOptions: "only Linux containers are played" };

export const podSecurityContext = object(
  {
    ...shared,
    supplementalGroups: list(userId),
    supplementalGroupsPolicy: optional(oneOf("Merge", "Strict")),
    fsGroup: optional(userId),
    fsGroupChangePolicy: optional(oneOf("Always", "OnRootMismatch")),
    sysctls: list(object({ name: filled, value: text })),
  } satisfies RulesOf<PodSecurityContext>,
  refused,
);

const capability = checked(
  filled,
  (given) => (/^[A-Z_]+$/.test(given) ? undefined : "must be a capability such as NET_ADMIN"),
  "capability",
);

export const securityContext = checked(
  object(
    {
      ...shared,
      privileged: optional(flag),
      allowPrivilegeEscalation: optional(flag),
      readOnlyRootFilesystem: optional(flag),
      capabilities: optional(object({ add: list(capability), drop: list(capability) })),
      procMount: optional(oneOf("Default", "Unmasked")),
    } satisfies RulesOf<SecurityContext>,
    refused,
  ),
  ({ privileged, allowPrivilegeEscalation, capabilities }) => {
    if (allowPrivilegeEscalation !== false) return undefined;
    const admin = capabilities?.add.some((name) => /^(CAP_)?SYS_ADMIN$/.test(name));
    if (!privileged && !admin) return undefined;
    return "has allowPrivilegeEscalation false together with privileged or SYS_ADMIN, which escalate";
  },
);

export type ReadPodSecurity = Output<typeof podSecurityContext>;
export type ReadSecurity = Output<typeof securityContext>;
export type ReadProfile = Output<typeof profile>;
