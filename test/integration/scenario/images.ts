import { CriError } from "crikit";
import { expect, test } from "vitest";
import type { Subject } from "./subject.js";

export function imageScenarios(subject: () => Subject): void {
  test("a pulled image can be asked for by name, by digest and by ID, and is gone once removed", async () => {
    const { cri, registry } = subject();
    const ref = registry.ref("demo/other:1");
    await cri.images.pull(ref);
    const image = await cri.images.status(ref);
    expect(image?.repoTags).toEqual([ref]);
    expect(image?.repoDigests[0]).toMatch(new RegExp(`^${registry.host}/demo/other@sha256:[0-9a-f]{64}$`));
    expect(image?.sizeBytes).toBeGreaterThan(0);
    for (const name of [image?.id ?? "", image?.repoDigests[0] ?? ""]) {
      expect((await cri.images.status(name))?.id).toBe(image?.id);
    }
    expect((await cri.images.list({ image: ref })).map(({ id }) => id)).toEqual([image?.id]);
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

  test("ensure never pulls when told so, and always when told so", async () => {
    const { cri, registry } = subject();
    const ref = registry.ref("demo/other:1");
    await expect(cri.images.ensure(ref, { policy: "never" })).rejects.toMatchObject({
      code: "image_never_pull",
    });
    expect((await cri.images.ensure(ref, { policy: "always" })).pulled).toBe(true);
    expect((await cri.images.ensure(ref, { policy: "always" })).pulled).toBe(true);
    expect((await cri.images.ensure(ref, { policy: "never" })).pulled).toBe(false);
    await cri.images.remove(ref);
  });

  test("images are listed by pattern, and by whether they have a tag", async () => {
    const { cri, image, registry } = subject();
    const ref = registry.ref("demo/other:1");
    await cri.images.pull(ref);
    const digest = (await cri.images.status(ref))?.repoDigests[0] ?? "";
    await cri.images.remove(ref);
    await cri.images.pull(digest);
    const names = async (filter: Parameters<typeof cri.images.list>[0]) =>
      (await cri.images.list(filter)).map(({ repoTags, repoDigests }) => repoTags[0] ?? repoDigests[0]);
    expect(await names({ reference: /\/demo\// })).toEqual([image, digest]);
    expect(await names({ reference: /\/demo\//, dangling: true })).toEqual([digest]);
    expect(await names({ reference: /\/demo\//, dangling: false })).toEqual([image]);
    expect(await names({ reference: /\/demo\//, image: digest })).toEqual([digest]);
    await cri.images.remove(digest);
  });

  test("images are told apart by when they were built", async () => {
    const { cri, image, registry } = subject();
    const later = registry.ref("demo/other:1");
    await cri.images.pull(later);
    const tags = async (filter: Parameters<typeof cri.images.list>[0]) =>
      (await cri.images.list({ reference: /\/demo\//, ...filter })).map(({ repoTags }) => repoTags[0]);
    expect(await tags({ before: later })).toEqual([image]);
    expect(await tags({ since: image })).toEqual([later]);
    expect(await tags({ since: image, before: later })).toEqual([]);
    await cri.images.remove(later);
  });

  test("prune removes what nothing uses, and neither the image of an ended container nor the pause image", async () => {
    const { cri, image, registry, runPod, runScript } = subject();
    await using pod = await runPod("prune");
    const container = await runScript(pod, "exit 0");
    await container.wait();
    const unused = registry.ref("demo/other:1");
    await cri.images.pull(unused);
    const { id } = (await cri.images.status(unused)) ?? {};
    const dry = await cri.images.prune({}, { dryRun: true });
    expect(dry.removed.map(({ id }) => id)).toEqual([id]);
    expect((await cri.images.status(unused))?.id).toBe(id);
    const { removed, failed } = await cri.images.prune({ reference: /\/demo\// });
    expect(removed.map(({ repoTags }) => repoTags)).toEqual([[unused]]);
    expect(failed).toEqual([]);
    expect(await cri.images.status(unused)).toBeUndefined();
    expect((await cri.images.status(image))?.repoTags).toEqual([image]);
  });

  test("an image can be a volume of a container, which tells it, and prune spares it", async () => {
    const { cri, behaviour, registry, runPod, runScript } = subject();
    const ref = registry.ref("demo/other:1");
    await cri.images.pull(ref);
    const { id } = (await cri.images.status(ref)) ?? {};
    await using pod = await runPod("image-volume");
    const making = runScript(pod, "sleep 1000", { mounts: [{ image: ref, containerPath: "/v" }] });
    if (behaviour.imageVolumes === "unsupported") {
      await expect(making).rejects.toMatchObject({ code: "unknown" });
    } else {
      const [mount] = (await (await making).status()).raw.status?.mounts ?? [];
      const told = behaviour.imageVolumes === "told by ID" ? mount?.image?.imageRef : mount?.image?.image;
      expect(told).toBe(behaviour.imageVolumes === "told by ID" ? id : ref);
      expect((await cri.images.prune({ reference: /\/demo\// })).removed).toEqual([]);
    }
    await cri.images.remove(ref);
  });

  test("a volume of an image that is not there is refused, and one that can be written", async () => {
    const { behaviour, image, runPod } = subject();
    await using pod = await runPod("no-image-volume");
    const make = (mount: { image: string; readonly?: boolean }) =>
      pod.createContainer({
        metadata: { name: "main" },
        image: { image },
        mounts: [{ containerPath: "/v", ...mount }],
      });
    const codes = { wrapped: "image_volume_mount_failed", unsupported: "unknown" };
    const code = { ...codes, "told by ID": "not_found", "told as asked": "not_found" }[
      behaviour.imageVolumes
    ];
    await expect(make({ image: "crikit.test/nothing:1" })).rejects.toMatchObject({ code });
    await expect(make({ image, readonly: false })).rejects.toBeInstanceOf(CriError);
  });

  test("pulls of one image at one time give all who asked the same", async () => {
    const { cri, registry } = subject();
    const ref = registry.ref("demo/other:2");
    const pulled = await Promise.all([cri.images.pull(ref), cri.images.pull(ref), cri.images.ensure(ref)]);
    expect(new Set(pulled.map(({ imageRef }) => imageRef)).size).toBe(1);
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
