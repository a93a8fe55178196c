import type { Host } from "./host.js";

/** Specs of which it is known that they do not pass on the bundled runtime, and why. */
export interface Expectation {
  readonly outcome: "failed" | "skipped";
  readonly reason: string;
  /** On which hosts; on all unless given. Elsewhere the specs must pass. */
  readonly on?: { readonly description: string; readonly test: (host: Host) => boolean };
  /** Their names as the report has them, without `[It] [k8s.io]`. */
  readonly specs: readonly string[];
}

const appArmorFields = ["support deprecated apparmor_profile field", "support apparmor field"];

/**
 * All that may differ from "passed". `npm run conformance` fails on what is not here, on what is here and passes,
 * and on what no longer exists. docs/conformance.md is made from it.
 */
export const expectations: readonly Expectation[] = [
  {
    outcome: "failed",
    reason:
      "wants an image of gcr.io by one fixed digest, which cannot be made anew: the suite's images are made here, so that no result hangs on the internet",
    specs: ["Image Manager public image with digest should be pulled and removed [Conformance] [Serial]"],
  },
  {
    outcome: "skipped",
    reason: "AppArmor is not in this host's kernel, or is off",
    on: { description: "hosts without AppArmor", test: (host) => !host.appArmor },
    specs: [
      ...appArmorFields.flatMap((field) => [
        `AppArmor runtime should ${field} should fail with an unloaded apparmor_profile`,
        `AppArmor runtime should ${field} should enforce a apparmor_profile blocking writes`,
        `AppArmor runtime should ${field} should enforce a permissive deprecated profile`,
      ]),
      "AppArmor runtime should prefer new apparmor field should fail with an unloaded apparmor_profile",
      "AppArmor runtime should prefer new apparmor field should enforce a apparmor_profile blocking writes",
      "AppArmor runtime should prefer new apparmor field should work with apparmor profile",
    ],
  },
  {
    outcome: "skipped",
    reason:
      "NRI, the plugins that a runtime asks about its pods and containers, is no part of CRI: the bundled runtime has no such socket",
    specs: [
      "NRI pod sandbox lifecycle should receive RunPodSandbox, StopPodSandbox, and RemovePodSandbox in strict order with correct metadata [Serial]",
      "NRI container lifecycle should receive CreateContainer, StartContainer, StopContainer, and RemoveContainer in strict order with correct metadata [Serial]",
      "NRI container lifecycle (failed container) should receive CreateContainer, StartContainer, StopContainer, and RemoveContainer for a container that exits with a non-zero code [Serial]",
      "NRI RunPodSandbox contract should not expose sandbox while RunPodSandbox hook is in progress [Serial]",
      "NRI RunPodSandbox contract should not start workload containers until RunPodSandbox hook completes [Serial]",
      "NRI RunPodSandbox contract should fail RunPodSandbox and clean up when the NRI hook errors, then allow retry [Serial]",
      "NRI StopPodSandbox contract should stop all workload containers and keep sandbox accessible while StopPodSandbox hook is in progress [Serial]",
      "NRI StopPodSandbox contract should handle StopPodSandbox idempotently and never reuse sandbox [Serial]",
      "NRI CreateContainer contract should not expose container while CreateContainer hook is in progress [Serial]",
      "NRI CreateContainer contract should fail CreateContainer when the NRI hook errors, leak nothing, and allow retry [Serial]",
      "NRI plugin synchronization should synchronize a newly connected plugin with existing pods and containers [Serial]",
      "NRI plugin synchronization should receive a callback for container created during the Synchronize call [Serial]",
      "NRI plugin synchronization should receive information about all containers without the race condition during initialization [Serial]",
    ],
  },
];
