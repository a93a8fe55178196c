import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { LinuxContainerSecurityContextSchema, SecurityProfile_ProfileType } from "../../../src/proto.js";
import { chooseAppArmor } from "../../../src/runtime/spec/apparmor.js";
import { chooseSeccomp, seccompFile } from "../../../src/runtime/spec/seccomp-choice.js";

const { RuntimeDefault, Unconfined, Localhost } = SecurityProfile_ProfileType;

type Context = MessageInitShape<typeof LinuxContainerSecurityContextSchema>;

const profile = (name: string) => ({ defaultAction: name });
const profiles = { runtimeDefault: profile("default"), localhost: profile("local") };
const host = { architecture: "amd64", seccomp: true };

function seccomp(context: Context, { given = profiles, on = host } = {}) {
  const security = create(LinuxContainerSecurityContextSchema, context);
  return chooseSeccomp(security, given, { capabilities: [], host: on })?.defaultAction;
}

const seccompRows: { what: string; context: Context; action: string | undefined; file?: string }[] = [
  { what: "none unless asked", context: {}, action: undefined },
  { what: "the default", context: { seccomp: { profileType: RuntimeDefault } }, action: "default" },
  { what: "none when unconfined", context: { seccomp: { profileType: Unconfined } }, action: undefined },
  {
    what: "the file's",
    context: { seccomp: { profileType: Localhost, localhostRef: "/x" } },
    action: "local",
    file: "/x",
  },
  {
    what: "none when privileged",
    context: { privileged: true, seccomp: { profileType: Localhost, localhostRef: "/x" } },
    action: undefined,
  },
  {
    what: "the file's, in the deprecated field",
    context: { seccompProfilePath: "localhost//x" },
    action: "local",
    file: "/x",
  },
  {
    what: "the message's before the deprecated field's",
    context: { seccomp: { profileType: Unconfined }, seccompProfilePath: "runtime/default" },
    action: undefined,
  },
];

test.each(seccompRows)("`chooseSeccomp` takes $what", ({ context, action, file }) => {
  expect(seccomp(context)).toBe(action);
  expect(seccompFile(create(LinuxContainerSecurityContextSchema, context))).toBe(file);
});

test("`chooseSeccomp` fails rather than run without the filter that was asked for", () => {
  const none = { runtimeDefault: undefined, localhost: undefined };
  const asked = { seccomp: { profileType: RuntimeDefault } };
  const failed = expect.objectContaining({ code: "failed_precondition" });
  expect(() =>
    chooseSeccomp(create(LinuxContainerSecurityContextSchema, asked), none, { capabilities: [], host }),
  ).toThrow(failed);
  expect(() => seccomp(asked, { on: { ...host, seccomp: false } })).toThrow(failed);
});

test("`seccompFile` refuses a path that is not absolute", () => {
  const security = create(LinuxContainerSecurityContextSchema, {
    seccomp: { profileType: Localhost, localhostRef: "../x" },
  });
  expect(() => seccompFile(security)).toThrow(
    expect.objectContaining({ field: "config.linux.security_context.seccomp.localhost_ref" }),
  );
});

test("`chooseAppArmor` takes a named profile where the host has AppArmor, and says so where not", () => {
  const { apparmor } = create(LinuxContainerSecurityContextSchema, {
    apparmor: { profileType: Localhost, localhostRef: "mine" },
  });
  expect(chooseAppArmor(apparmor, "", { appArmor: true })).toBe("mine");
  expect(chooseAppArmor(undefined, "localhost/mine", { appArmor: true })).toBe("mine");
  expect(() => chooseAppArmor(apparmor, "", { appArmor: false })).toThrow(
    expect.objectContaining({ code: "failed_precondition", message: expect.stringContaining('"mine"') }),
  );
});

test.each(["runtime/default", "unconfined", ""])("`chooseAppArmor` passes over %j on any host", (text) => {
  for (const appArmor of [true, false]) expect(chooseAppArmor(undefined, text, { appArmor })).toBeUndefined();
});
