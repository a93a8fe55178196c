import { expect, test } from "vitest";

import { readSeccompFile } from "../../../src/runtime/adapters/host/seccomp-file.js";
import { filterSeccomp, type SeccompProfile } from "../../../src/runtime/spec/seccomp.js";

const allow = "SCMP_ACT_ALLOW";
const profile: SeccompProfile = {
  defaultAction: "SCMP_ACT_ERRNO",
  defaultErrnoRet: 38,
  archMap: [
    { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] },
    { architecture: "SCMP_ARCH_AARCH64", subArchitectures: null },
  ],
  syscalls: [
    { names: ["read"], action: allow, includes: {}, excludes: {}, args: [] },
    { names: ["mount"], action: allow, includes: { caps: ["CAP_SYS_ADMIN"] } },
    { names: ["mount"], action: "SCMP_ACT_ERRNO", errnoRet: 1, excludes: { caps: ["CAP_SYS_ADMIN"] } },
    { names: ["arch_prctl"], action: allow, includes: { arches: ["amd64", "x32"] } },
    { names: ["both"], action: allow, includes: { caps: ["CAP_KILL", "CAP_CHOWN"] } },
    { names: ["clone3"], action: allow, excludes: { arches: ["arm64"] } },
  ],
};

const rows = [
  {
    what: "amd64 without capabilities",
    architecture: "amd64",
    capabilities: [],
    architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    rules: ["read allow", "mount errno", "arch_prctl allow", "clone3 allow"],
  },
  {
    what: "amd64 with one capability of two that a rule wants",
    architecture: "amd64",
    capabilities: ["CAP_SYS_ADMIN", "CAP_KILL"],
    architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    rules: ["read allow", "mount allow", "arch_prctl allow", "clone3 allow"],
  },
  {
    what: "arm64 with both",
    architecture: "arm64",
    capabilities: ["CAP_KILL", "CAP_CHOWN"],
    architectures: ["SCMP_ARCH_AARCH64"],
    rules: ["read allow", "mount errno", "both allow"],
  },
];

test.each(rows)(
  "`filterSeccomp` keeps the rules for $what",
  ({ architecture, capabilities, ...expected }) => {
    const filtered = filterSeccomp({ profile, architecture, capabilities });
    expect(filtered.architectures).toEqual(expected.architectures);
    const rules = filtered.syscalls?.map(({ names, action }) => `${names} ${action.slice(9).toLowerCase()}`);
    expect(rules).toEqual(expected.rules);
  },
);

test("`filterSeccomp` takes the conditions out of the host's own profile", async () => {
  const host = await readSeccompFile("/usr/share/containers/seccomp.json");
  expect(host).toBeDefined();
  if (!host) return;
  const plain = filterSeccomp({ profile: host, architecture: "amd64", capabilities: [] });
  const names = (action: string) =>
    plain.syscalls?.filter((rule) => rule.action === action).flatMap((rule) => rule.names) ?? [];
  expect(names(allow)).toContain("openat");
  expect(names(allow)).not.toContain("chroot");
  expect(names("SCMP_ACT_ERRNO")).toContain("chroot");
  const known = ["names", "action", "errnoRet", "args"];
  expect(plain.syscalls?.flatMap(Object.keys).filter((key) => !known.includes(key))).toEqual([]);
});

test("`filterSeccomp` leaves a plain OCI profile as it is", () => {
  const plain = {
    defaultAction: allow,
    architectures: ["SCMP_ARCH_X86_64"],
    flags: ["SECCOMP_FILTER_FLAG_LOG"],
    syscalls: [{ names: ["chmod"], action: "SCMP_ACT_ERRNO", errnoRet: 1 }],
  };
  expect(filterSeccomp({ profile: plain, architecture: "arm64", capabilities: [] })).toEqual(plain);
});
