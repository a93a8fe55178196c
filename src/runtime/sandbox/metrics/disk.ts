import type { DeviceCounters } from "../../adapters/cgroups/cgroups.js";
import { deviceName } from "../../adapters/device-name.js";
import type { ContainerSample } from "./container-sample.js";
import type { MetricKind, Reading } from "./metric.js";

export const diskMetrics: readonly MetricKind<ContainerSample>[] = [
  {
    name: "container_fs_usage_bytes",
    help: "What the container has written on its own layer, as it lies on the disk.",
    type: "gauge",
    read: ({ layer }) => layer && BigInt(layer.bytes),
  },
  {
    name: "container_fs_limit_bytes",
    help: "Size of the file system on which the container's layer is.",
    type: "gauge",
    read: ({ fileSystem }) => fileSystem.bytes,
  },
  {
    name: "container_fs_inodes_total",
    help: "Inodes of the file system on which the container's layer is.",
    type: "gauge",
    read: ({ fileSystem }) => fileSystem.inodes,
  },
  {
    name: "container_fs_inodes_free",
    help: "Free inodes of the file system on which the container's layer is.",
    type: "gauge",
    read: ({ fileSystem }) => fileSystem.freeInodes,
  },
  {
    name: "container_fs_reads_bytes_total",
    help: "Bytes read from a disk so far.",
    ...perDevice(({ readBytes }) => readBytes),
  },
  {
    name: "container_fs_writes_bytes_total",
    help: "Bytes written to a disk so far.",
    ...perDevice(({ writtenBytes }) => writtenBytes),
  },
  {
    name: "container_fs_reads_total",
    help: "Requests to read from a disk so far.",
    ...perDevice(({ reads }) => reads),
  },
  {
    name: "container_fs_writes_total",
    help: "Requests to write to a disk so far.",
    ...perDevice(({ writes }) => writes),
  },
  {
    name: "container_blkio_device_usage_total",
    help: "Bytes read from and written to a disk so far.",
    type: "counter",
    needs: "devices",
    labels: ["device", "major", "minor", "operation"],
    read: ({ counters }) =>
      counters.devices.flatMap((device): Reading[] => {
        const labels = [deviceName(device), `${device.major}`, `${device.minor}`];
        return [
          { labels: [...labels, "Read"], value: device.readBytes },
          { labels: [...labels, "Write"], value: device.writtenBytes },
        ];
      }),
  },
];

function perDevice(
  count: (device: DeviceCounters) => bigint,
): Omit<MetricKind<ContainerSample>, "name" | "help"> {
  return {
    type: "counter",
    needs: "devices",
    labels: ["device"],
    read: ({ counters }) =>
      counters.devices.map((device) => ({ labels: [deviceName(device)], value: count(device) })),
  };
}
