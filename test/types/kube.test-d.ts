import type { Container, CriClient, Pod } from "crikit";
import {
  ManifestError,
  type ManifestProblem,
  type PlayedPod,
  type PodChange,
  type PodEnd,
  type PodManifest,
  type PodPhase,
  playPod,
} from "crikit/kube";
import { expectTypeOf } from "expect-type";

declare const cri: CriClient;
declare const app: PlayedPod;
declare const change: PodChange;
declare const error: unknown;

expectTypeOf(playPod(cri, "kind: Pod")).resolves.toEqualTypeOf<PlayedPod>();
expectTypeOf<PlayedPod>().toExtend<AsyncDisposable>();
expectTypeOf(app.pod).toEqualTypeOf<Pod>();
expectTypeOf(app.container("web")).toEqualTypeOf<Container>();
expectTypeOf(app.phase).toEqualTypeOf<PodPhase>();
expectTypeOf(app.wait()).resolves.toEqualTypeOf<PodEnd>();
expectTypeOf(app.events()).toExtend<AsyncIterable<PodChange>>();

// The type of a change decides on what it tells.
if (change.type === "exited") expectTypeOf(change.exitCode).toEqualTypeOf<number>();
if (change.type === "waiting") expectTypeOf(change.delayMs).toEqualTypeOf<number>();
if (error instanceof ManifestError) expectTypeOf(error.problems).toEqualTypeOf<readonly ManifestProblem[]>();

// As the client for the API server has it: all is optional, words are texts, and there are more fields.
interface V1Pod {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string; labels?: { [key: string]: string }; creationTimestamp?: Date };
  spec?: V1PodSpec;
  status?: object;
}
interface V1PodSpec {
  containers: V1Container[];
  initContainers?: V1Container[];
  restartPolicy?: string;
  schedulerName?: string;
  securityContext?: { runAsUser?: number; seccompProfile?: { type: string }; windowsOptions?: object };
  volumes?: { name: string; emptyDir?: { medium?: string; sizeLimit?: string }; nfs?: object }[];
}
interface V1Container {
  name: string;
  image?: string;
  imagePullPolicy?: string;
  resources?: { limits?: { [key: string]: string }; claims?: object[] };
  livenessProbe?: { httpGet?: { port: number | string; scheme?: string }; grpc?: object };
}
expectTypeOf<V1Pod>().toExtend<PodManifest>();
declare const v1Pod: V1Pod;
void playPod(cri, v1Pod);

void playPod(cri, {
  metadata: { name: "app" },
  // @ts-expect-error A field that is not carried out, in a manifest written by hand.
  spec: { containers: [], schedulerName: "other" },
});
// @ts-expect-error A policy that there is not.
void playPod(cri, "", { pullPolicy: "Sometimes" });
