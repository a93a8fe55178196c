import type {
  AttachOptions,
  CallOptions,
  CheckpointOptions,
  ConnectOptions,
  CreateContainerOptions,
  EnsureOptions,
  ExecOptions,
  ForwardOptions,
  LogOptions,
  MetricsOptions,
  PruneOptions,
  PullOptions,
  RunPodOptions,
  SpawnOptions,
  StatsOptions,
  StatsStreamOptions,
  StatusOptions,
  StopOptions,
  WatchOptions,
} from "crikit";
import type { PlayPodOptions } from "crikit/kube";
import type { RestartOptions, StartRuntimeOptions } from "crikit/testing";
import { expectTypeOf } from "expect-type";

// Every options object has `signal` and `timeoutMs`, and nothing that must be said, save where a call has a place to
// write to. Undefined is as good as not said, also under exactOptionalPropertyTypes.
type AllOptions =
  | AttachOptions
  | CallOptions
  | CheckpointOptions
  | ConnectOptions
  | CreateContainerOptions
  | EnsureOptions
  | ExecOptions
  | ForwardOptions
  | LogOptions
  | MetricsOptions
  | PlayPodOptions
  | PruneOptions
  | PullOptions
  | RestartOptions
  | RunPodOptions
  | SpawnOptions
  | StartRuntimeOptions
  | StatsOptions
  | StatsStreamOptions
  | StatusOptions
  | StopOptions
  | WatchOptions;
type Lacking<Options> = Options extends unknown
  ? "signal" | "timeoutMs" extends keyof Options
    ? never
    : Options
  : never;
expectTypeOf<Lacking<AllOptions>>().toBeNever();
expectTypeOf<Lacking<{ signal?: AbortSignal }>>().not.toBeNever();

type NeedsSomething<Options> = Options extends unknown ? (object extends Options ? never : Options) : never;
expectTypeOf<NeedsSomething<AllOptions>>().toEqualTypeOf<CheckpointOptions>();

expectTypeOf<{ signal: undefined; timeoutMs: undefined }>().toExtend<ExecOptions>();
expectTypeOf<CallOptions["signal"]>().toEqualTypeOf<AbortSignal | undefined>();
expectTypeOf<CallOptions["timeoutMs"]>().toEqualTypeOf<number | undefined>();
expectTypeOf<StopOptions["gracePeriodMs"]>().toEqualTypeOf<number | undefined>();
