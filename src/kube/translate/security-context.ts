import type { Image } from "../../api/images/image.js";
import { SecurityProfile_ProfileType as ProfileType, SupplementalGroupsPolicy } from "../../proto.js";
import type { ReadContainer, ReadInitContainer } from "../manifest/schema/container.js";
import type { ReadPod } from "../manifest/schema/pod.js";
import type { ReadProfile } from "../manifest/schema/security.js";
import { namespaces } from "./namespaces.js";
import type { ReadUserRange } from "./user-range.js";

const seccompDirectory = "/var/lib/kubelet/seccomp";

const maskedPaths = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** Who runs in a container, and what they may. */
export function containerSecurity(
  pod: ReadPod,
  container: ReadContainer | ReadInitContainer,
  { image, users }: { image: Pick<Image, "user">; users: ReadUserRange | undefined },
) {
  const { spec } = pod;
  const ofPod = spec.securityContext;
  const own = container.securityContext;
  const { add = [], drop = [] } = own?.capabilities ?? {};
  const seLinux = own?.seLinuxOptions ?? ofPod?.seLinuxOptions;
  const isMasked = own?.procMount !== "Unmasked";
  return {
    ...user(pod, container, image),
    privileged: own?.privileged ?? false,
    noNewPrivs: own?.allowPrivilegeEscalation === false,
    readonlyRootfs: own?.readOnlyRootFilesystem ?? false,
    capabilities: { addCapabilities: add, dropCapabilities: drop },
    supplementalGroups: supplementalGroups(pod),
    supplementalGroupsPolicy:
      ofPod?.supplementalGroupsPolicy === "Strict"
        ? SupplementalGroupsPolicy.Strict
        : SupplementalGroupsPolicy.Merge,
    namespaceOptions: namespaces(spec, users),
    seccomp: seccomp(own?.seccompProfile ?? ofPod?.seccompProfile),
    ...profile("apparmor", own?.appArmorProfile ?? ofPod?.appArmorProfile),
    ...(seLinux && { selinuxOptions: seLinuxTexts(seLinux) }),
    maskedPaths: isMasked ? maskedPaths : [],
    readonlyPaths: isMasked ? readonlyPaths : [],
  };
}

/** The groups of all processes of the pod: the one that its volumes belong to is the first. */
export function supplementalGroups({ spec: { securityContext } }: ReadPod): bigint[] {
  const { fsGroup, supplementalGroups = [] } = securityContext ?? {};
  return [...(fsGroup === undefined ? [] : [fsGroup]), ...supplementalGroups].map(BigInt);
}

export function seLinuxTexts({
  user = "",
  role = "",
  type = "",
  level = "",
}: {
  [name in "user" | "role" | "type" | "level"]?: string | undefined;
}) {
  return { user, role, type, level };
}

function user(
  { spec }: ReadPod,
  { securityContext }: ReadContainer | ReadInitContainer,
  image: Pick<Image, "user">,
) {
  const runAsUser = securityContext?.runAsUser ?? spec.securityContext?.runAsUser;
  const runAsGroup = securityContext?.runAsGroup ?? spec.securityContext?.runAsGroup;
  const group = runAsGroup !== undefined && { runAsGroup: { value: BigInt(runAsGroup) } };
  if (runAsUser !== undefined) return { runAsUser: { value: BigInt(runAsUser) }, ...group };
  // The image's own, as CRI wants a user beside a group.
  if (typeof image.user === "string") return { runAsUsername: image.user, ...group };
  return { runAsUser: { value: BigInt(image.user ?? 0) }, ...group };
}

function seccomp(given: ReadProfile | undefined) {
  if (!given) return { profileType: ProfileType.Unconfined, localhostRef: "" };
  const { type, localhostProfile } = given;
  const localhostRef = localhostProfile === undefined ? "" : `${seccompDirectory}/${localhostProfile}`;
  return { profileType: ProfileType[type], localhostRef };
}

function profile(name: "apparmor", given: ReadProfile | undefined) {
  if (!given) return {};
  return { [name]: { profileType: ProfileType[given.type], localhostRef: given.localhostProfile ?? "" } };
}
