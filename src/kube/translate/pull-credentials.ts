import { findCredentials } from "../../credentials/find-credentials.js";
import type { PodPlan } from "../manifest/plan.js";

/** Where a Secret of the type `kubernetes.io/dockerconfigjson` has its text. */
export const pullSecretKey = ".dockerconfigjson";

/** What the first of the pod's pull secrets that knows the image has for it. */
export function pullCredentials({ pod, secrets }: PodPlan, ref: string) {
  for (const { name } of pod.spec.imagePullSecrets) {
    const text = new TextDecoder().decode(secrets.get(name)?.get(pullSecretKey));
    const found = findCredentials(text, ref);
    if (found) return found;
  }
  return undefined;
}
