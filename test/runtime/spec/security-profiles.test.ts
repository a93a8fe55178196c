import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { LinuxContainerSecurityContextSchema, SecurityProfile_ProfileType } from "../../../src/proto.js";
import { type AppArmorProfiles, chooseAppArmor } from "../../../src/runtime/spec/apparmor.js";
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

const loaded = { loaded: ["mine", "crikit-default"], runtimeDefault: "crikit-default" };

function appArmor(context: Context, on: AppArmorProfiles | undefined = loaded): string | undefined {
  return chooseAppArmor(create(LinuxContainerSecurityContextSchema, context), on);
}

const appArmorRows: {
  what: string;
  context: Context;
  profile: string | undefined;
  without: "none" | "error";
}[] = [
  { what: "the default for who asks for none", context: {}, profile: "crikit-default", without: "none" },
  {
    what: "the default for who asks for it",
    context: { apparmor: { profileType: RuntimeDefault } },
    profile: "crikit-default",
    without: "none",
  },
  {
    what: "none when unconfined",
    context: { apparmor: { profileType: Unconfined } },
    profile: undefined,
    without: "none",
  },
  { what: "none when privileged", context: { privileged: true }, profile: undefined, without: "none" },
  {
    what: "the one that is named",
    context: { apparmor: { profileType: Localhost, localhostRef: "mine" } },
    profile: "mine",
    without: "error",
  },
  {
    what: "the one that is named, also when privileged",
    context: { privileged: true, apparmor: { profileType: Localhost, localhostRef: "localhost/mine" } },
    profile: "mine",
    without: "error",
  },
  {
    what: "the one that is named in the deprecated field",
    context: { apparmorProfile: "localhost/mine" },
    profile: "mine",
    without: "error",
  },
  {
    what: "the default in the deprecated field",
    context: { apparmorProfile: "runtime/default" },
    profile: "crikit-default",
    without: "none",
  },
  {
    what: "none, unconfined in the deprecated field",
    context: { apparmorProfile: "unconfined" },
    profile: undefined,
    without: "none",
  },
  {
    what: "the message's before the deprecated field's",
    context: {
      apparmor: { profileType: Localhost, localhostRef: "mine" },
      apparmorProfile: "localhost/other",
    },
    profile: "mine",
    without: "error",
  },
];

test.each(appArmorRows)("`chooseAppArmor` takes $what; on a host without AppArmor: $without", (row) => {
  const { context, profile, without } = row;
  expect(appArmor(context)).toBe(profile);
  const attempt = () => chooseAppArmor(create(LinuxContainerSecurityContextSchema, context), undefined);
  if (without === "none") expect(attempt()).toBeUndefined();
  else expect(attempt).toThrow(expect.objectContaining({ code: "failed_precondition" }));
});

test("`chooseAppArmor` refuses a profile that is not loaded, by its name", () => {
  const attempt = () => appArmor({ apparmor: { profileType: Localhost, localhostRef: "min" } });
  expect(attempt).toThrow(expect.objectContaining({ code: "failed_precondition" }));
  expect(attempt).toThrow('config.linux.security_context.apparmor names profile "min", which is not loaded');
});

test("`chooseAppArmor` runs without a profile where the default one cannot be loaded", () => {
  expect(appArmor({}, { loaded: [], runtimeDefault: undefined })).toBeUndefined();
});
