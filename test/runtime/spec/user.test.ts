import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import { LinuxContainerSecurityContextSchema, SupplementalGroupsPolicy } from "../../../src/proto.js";
import { resolveUser } from "../../../src/runtime/spec/user.js";

const passwd = `root:x:0:0:root:/root:/bin/sh
broken line
app:x:1000:1000::/home/app:/bin/sh
other:x:not-a-number:5::/:
twin:x:1000:3::/:
web:x:33:33:www-data:/var/www:/usr/sbin/nologin`;
const group = `root:x:0:
app:x:1000:
audio:x:29:app,web
video:x:44:app
staff:x:50:`;

type Context = MessageInitShape<typeof LinuxContainerSecurityContextSchema>;

function resolve(imageUser: string, context?: Context) {
  const securityContext = context && create(LinuxContainerSecurityContextSchema, context);
  return resolveUser({ imageUser, securityContext, passwd, group });
}

const { Strict } = SupplementalGroupsPolicy;
const rows: { what: string; imageUser: string; context?: Context; ids: string }[] = [
  { what: "root without any user", imageUser: "", ids: "0 0 0" },
  { what: "the image's user by name, with its groups", imageUser: "app", ids: "1000 1000 1000,29,44" },
  {
    what: "the image's user by number, with the groups of its name",
    imageUser: "1000",
    ids: "1000 1000 1000,29,44",
  },
  { what: "a number that the image does not list", imageUser: "4242", ids: "4242 0 0" },
  { what: "the image's user and group by number", imageUser: "33:50", ids: "33 50 50,29" },
  { what: "the image's user and group by name", imageUser: "web:staff", ids: "33 50 50,29" },
  { what: "the image's group alone", imageUser: ":staff", ids: "0 50 50" },
  {
    what: "the request's user number, without the image's group",
    imageUser: "web:staff",
    context: { runAsUser: { value: 1000n } },
    ids: "1000 1000 1000,29,44",
  },
  {
    what: "root when the request asks for 0",
    imageUser: "app",
    context: { runAsUser: { value: 0n } },
    ids: "0 0 0",
  },
  { what: "the request's user name", imageUser: "", context: { runAsUsername: "web" }, ids: "33 33 33,29" },
  {
    what: "the request's user and group",
    imageUser: "app",
    context: { runAsUser: { value: 33n }, runAsGroup: { value: 7n } },
    ids: "33 7 7,29",
  },
  {
    what: "the request's further groups beside the image's",
    imageUser: "web",
    context: { supplementalGroups: [7n, 29n] },
    ids: "33 33 33,29,7",
  },
  {
    what: "only the request's further groups with policy Strict",
    imageUser: "app",
    context: { supplementalGroups: [7n], supplementalGroupsPolicy: Strict },
    ids: "1000 1000 1000,7",
  },
];

test.each(rows)("`resolveUser` finds $what", ({ imageUser, context, ids }) => {
  const { uid, gid, additionalGids } = resolve(imageUser, context);
  expect(`${uid} ${gid} ${additionalGids}`).toBe(ids);
});

const context = "config.linux.security_context";
const refused: { what: string; imageUser?: string; context?: Context; field?: string; says: string }[] = [
  {
    what: "a group without a user",
    context: { runAsGroup: { value: 7n } },
    field: `${context}.run_as_group`,
    says: "run_as_user",
  },
  {
    what: "a number and a name at once",
    context: { runAsUser: { value: 1n }, runAsUsername: "app" },
    field: `${context}.run_as_username`,
    says: "run_as_user",
  },
  {
    what: "a negative user",
    context: { runAsUser: { value: -1n } },
    field: `${context}.run_as_user`,
    says: "-1",
  },
  {
    what: "a group too big",
    context: { supplementalGroups: [1n, 2n ** 32n] },
    field: `${context}.supplemental_groups[1]`,
    says: "4294967296",
  },
  {
    what: "a name that the image does not have",
    context: { runAsUsername: "nobody-here" },
    field: `${context}.run_as_username`,
    says: '"nobody-here"',
  },
  { what: "an image whose own user is missing", imageUser: "ghost", says: '"ghost"' },
  { what: "an image whose own group is missing", imageUser: "app:ghosts", says: '"ghosts"' },
];

test.each(refused)("`resolveUser` refuses $what", ({ imageUser = "", context, field, says }) => {
  const attempt = () => resolve(imageUser, context);
  expect(attempt).toThrow(expect.objectContaining({ code: "invalid_argument", field }));
  expect(attempt).toThrow(says);
});
