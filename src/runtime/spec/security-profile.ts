import { type SecurityProfile, SecurityProfile_ProfileType } from "../../proto.js";
import { invalid } from "./invalid.js";

/** What a request asks for, in whichever of the two ways that CRI has had. */
export interface RequestedProfile {
  profileType: SecurityProfile_ProfileType;
  localhostRef: string;
}

const { RuntimeDefault, Unconfined, Localhost } = SecurityProfile_ProfileType;

/**
 * The profile of the message, or else of the deprecated text field beside it, which older clients fill in
 * (`runtime/default`, `unconfined`, `localhost/NAME`). Undefined when neither is set.
 */
export function requestedProfile(
  profile: SecurityProfile | undefined,
  deprecatedText: string,
  field: string,
): RequestedProfile | undefined {
  if (profile) return known(profile, field);
  const text = deprecatedText.trim();
  if (text === "") return undefined;
  if (text === "runtime/default" || text === "docker/default")
    return { profileType: RuntimeDefault, localhostRef: "" };
  if (text === "unconfined") return { profileType: Unconfined, localhostRef: "" };
  const prefix = "localhost/";
  if (text.startsWith(prefix)) return { profileType: Localhost, localhostRef: text.slice(prefix.length) };
  throw invalid(
    field,
    `is "${text}" in its deprecated form, and can be runtime/default, unconfined or localhost/NAME`,
  );
}

function known(profile: SecurityProfile, field: string): RequestedProfile {
  if (SecurityProfile_ProfileType[profile.profileType] !== undefined) return profile;
  throw invalid(`${field}.profile_type`, `is ${profile.profileType}, which this runtime does not know`);
}
