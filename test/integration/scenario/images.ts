import { expect, test } from "vitest";
import type { Subject } from "./subject.js";

export function imageScenarios(subject: () => Subject): void {
  test("a pulled image can be asked for by name, by digest and by ID, and is gone once removed", async () => {
    const { cri, registry, behaviour } = subject();
    const ref = registry.ref("demo/other:1");
    await cri.images.pull(ref);
    const image = await cri.images.status(ref);
    expect(image?.repoTags).toEqual([ref]);
    expect(image?.repoDigests[0]).toMatch(new RegExp(`^${registry.host}/demo/other@sha256:[0-9a-f]{64}$`));
    expect(image?.sizeBytes).toBeGreaterThan(0);
    for (const name of [image?.id ?? "", image?.repoDigests[0] ?? ""]) {
      expect((await cri.images.status(name))?.id).toBe(image?.id);
    }
    const listed = (await cri.images.list({ image: ref })).map(({ id }) => id);
    if (behaviour.imageFilter === "applied") expect(listed).toEqual([image?.id]);
    else expect(listed).toContain(image?.id);
    await cri.images.remove(ref);
    expect(await cri.images.status(ref)).toBeUndefined();
  });

  test("two tags of one image are one image, and go together", async () => {
    const { cri, registry } = subject();
    const refs = [registry.ref("demo/other:1"), registry.ref("demo/other:2")];
    for (const ref of refs) await cri.images.pull(ref);
    const images = await cri.images.list();
    const streamed = [];
    for await (const { id } of cri.images.stream()) streamed.push(id);
    expect(streamed.sort()).toEqual(images.map(({ id }) => id).sort());
    const [image] = images.filter(({ repoTags }) => repoTags.includes(refs[0] ?? ""));
    expect([...(image?.repoTags ?? [])].sort()).toEqual(refs);
    await cri.images.remove(image?.id ?? "");
    for (const ref of refs) expect(await cri.images.status(ref)).toBeUndefined();
  });

  test("ensure pulls what is missing, once", async () => {
    const { cri, registry } = subject();
    const ref = registry.ref("demo/other:1");
    expect((await cri.images.ensure(ref)).pulled).toBe(true);
    expect((await cri.images.ensure(ref)).pulled).toBe(false);
    await cri.images.remove(ref);
  });

  test("removing an image that is not there succeeds", async () => {
    await subject().cri.images.remove("crikit.test/nothing:1");
  });

  test("pulling a tag that the registry lacks is not found", async () => {
    const { cri, registry } = subject();
    await expect(cri.images.pull(registry.ref("demo/other:9"))).rejects.toMatchObject({ code: "not_found" });
  });

  test("a container of an image that is not there is refused", async () => {
    const { runPod } = subject();
    await using pod = await runPod("no-image");
    const config = { metadata: { name: "main" }, image: { image: "crikit.test/nothing:1" } };
    await expect(pod.createContainer(config)).rejects.toMatchObject({ code: "not_found" });
  });
}
