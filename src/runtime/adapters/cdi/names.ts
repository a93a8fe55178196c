/** Vendors and classes, which make the kind of a device. */
const vendorOrClass = /^[A-Za-z]([\w.-]*[A-Za-z0-9])?$/;
const device = /^[A-Za-z0-9]([\w.:-]*[A-Za-z0-9])?$/;

/** Whether a text is `VENDOR/CLASS`. */
export function isKind(text: string): boolean {
  const [vendor = "", className = "", more] = text.split("/");
  return more === undefined && vendorOrClass.test(vendor) && vendorOrClass.test(className);
}

/** Whether a text can name a device within its kind. */
export function isDeviceName(text: string): boolean {
  return device.test(text);
}

/** Whether a text is `VENDOR/CLASS=DEVICE`, by which devices are asked for. */
export function isQualifiedName(text: string): boolean {
  const [kind = "", name = "", more] = text.split("=");
  return more === undefined && isKind(kind) && isDeviceName(name);
}
