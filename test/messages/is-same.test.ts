import { clone, create, type DescMessage, equals, fromBinary, type Message } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, it, test } from "vitest";
import { isSameMessage } from "../../src/messages/is-same.js";
import { ContainerSchema, file_runtime_v1_api } from "../../src/proto.js";
import { anyMessage } from "../codec/support/any-message.js";

/** A copy of `message` that has one field of `other`. */
function withFieldOf(desc: DescMessage, message: Message, other: Message, index: number): Message {
  const copy = clone(desc, message);
  const name = desc.fields[index % desc.fields.length]?.localName;
  return name ? Object.assign(copy, { [name]: Reflect.get(clone(desc, other), name) }) : copy;
}

it.each(file_runtime_v1_api.messages.map((desc) => [desc.name, desc] as const))(
  "protobuf-es and `isSameMessage` agree on which %s is the same",
  (_, desc) => {
    const expectAgreement = (a: Message, b: Message) =>
      expect(isSameMessage(desc, a, b)).toBe(equals(desc, a, b));
    fc.assert(
      fc.property(anyMessage(desc), anyMessage(desc), fc.nat({ max: 100 }), (a, b, index) => {
        expectAgreement(a, clone(desc, a));
        expectAgreement(a, withFieldOf(desc, a, b, index));
        expectAgreement(withFieldOf(desc, a, b, index), a);
      }),
      { numRuns: 20 },
    );
  },
);

test("labels are the same in any order, and a field that the contract does not know makes no difference", () => {
  const labels = { app: "web", tier: "front" };
  const message = create(ContainerSchema, { labels });
  const turned = create(ContainerSchema, { labels: Object.fromEntries(Object.entries(labels).reverse()) });
  expect(isSameMessage(ContainerSchema, message, turned)).toBe(true);
  expect(isSameMessage(ContainerSchema, message, create(ContainerSchema, { labels: { app: "web" } }))).toBe(
    false,
  );
  const unknown = fromBinary(ContainerSchema, Uint8Array.of(0x98, 0x06, 0x01));
  expect(unknown.$unknown).toHaveLength(1);
  expect(isSameMessage(ContainerSchema, create(ContainerSchema), unknown)).toBe(true);
});
