import { afterAll, beforeAll, expect, test } from "vitest";

import { MountPropagation, NamespaceMode, SecurityProfile_ProfileType } from "../../../src/proto.js";
import { type ContainerConfig, type RealPod, startPod } from "./real-pod.js";

const { TARGET } = NamespaceMode;

let pod: RealPod;
beforeAll(async () => {
  pod = await startPod();
});
afterAll(async () => {
  await pod[Symbol.asyncDispose]();
});

const refused: { what: string; config: ContainerConfig; field: string }[] = [
  { what: "nothing to run", config: { command: [] }, field: "config.command" },
  {
    what: "a privileged container in a pod that is not",
    config: { linux: { securityContext: { privileged: true } } },
    field: "config.linux.security_context.privileged",
  },
  {
    what: "a target that does not run",
    config: { linux: { securityContext: { namespaceOptions: { pid: TARGET, targetId: "gone" } } } },
    field: "config.linux.security_context.namespace_options.target_id",
  },
  {
    what: "a capability that there is not, to be added",
    config: { linux: { securityContext: { capabilities: { addCapabilities: ["KILL", "NET_ADMN"] } } } },
    field: "config.linux.security_context.capabilities.add_capabilities[1]",
  },
  {
    what: "one to be dropped",
    config: { linux: { securityContext: { capabilities: { dropCapabilities: ["CAP_NET ADMIN"] } } } },
    field: "config.linux.security_context.capabilities.drop_capabilities[0]",
  },
  {
    what: "one to be ambient",
    config: { linux: { securityContext: { capabilities: { addAmbientCapabilities: [""] } } } },
    field: "config.linux.security_context.capabilities.add_ambient_capabilities[0]",
  },
  {
    what: "a missing seccomp profile",
    config: {
      linux: {
        securityContext: {
          seccomp: { profileType: SecurityProfile_ProfileType.Localhost, localhostRef: "/no/such/profile" },
        },
      },
    },
    field: "config.linux.security_context.seccomp.localhost_ref",
  },
  {
    what: "a device of letters unknown",
    config: { devices: [{ hostPath: "/dev/null", containerPath: "/dev/x", permissions: "rx" }] },
    field: "config.devices[0].permissions",
  },
  {
    what: "a device that is a file",
    config: { devices: [{ hostPath: "/etc/passwd", containerPath: "/dev/x" }] },
    field: "config.devices[0].host_path",
  },
  {
    what: "a mount over the root",
    config: { mounts: [{ containerPath: "/", hostPath: "/tmp" }] },
    field: "config.mounts[0].container_path",
  },
  {
    what: "recursive read-only without read-only",
    config: { mounts: [{ containerPath: "/a", hostPath: "/tmp", recursiveReadOnly: true }] },
    field: "config.mounts[0].recursive_read_only",
  },
  {
    what: "recursive read-only that is not private",
    config: {
      mounts: [
        {
          containerPath: "/a",
          hostPath: "/tmp",
          readonly: true,
          recursiveReadOnly: true,
          propagation: MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
        },
      ],
    },
    field: "config.mounts[0].recursive_read_only",
  },
  {
    what: "an option that changes the kind of the mount",
    config: { mounts: [{ containerPath: "/a", hostPath: "/tmp", mountOptions: ["rshared"] }] },
    field: "config.mounts[0].mount_options",
  },
  {
    what: "an environment variable with an equals sign in its name",
    config: { envs: [{ key: "A=B" }] },
    field: "config.envs[0].key",
  },
  {
    what: "an environment value that is not text",
    config: { envs: [{ key: "A", value: Uint8Array.of(0xff) }] },
    field: "config.envs[0].value",
  },
  {
    what: "an OOM score that does not exist",
    config: { linux: { resources: { oomScoreAdj: 1001n } } },
    field: "config.linux.resources.oom_score_adj",
  },
];

test.each(refused)("`containerSpec` refuses $what and names $field", async ({ config, field }) => {
  await expect(pod.run({ command: ["sh"], ...config })).rejects.toMatchObject({
    code: "invalid_argument",
    field,
    message: expect.stringContaining(field),
  });
});
