package walk

import (
	"testing"

	v1 "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func (w *walk) changeLimits(t *testing.T) {
	must(t, by(w.runtime.UpdateContainerResources)(t.Context(), w.container, &v1.ContainerResources{
		Linux: &v1.LinuxContainerResources{MemoryLimitInBytes: 96 << 20, CpuPeriod: 100_000, CpuQuota: 50_000},
	}))
	reply, err := w.runtime.ContainerStatus(t.Context(), w.container, false)
	must(t, err)
	limits := reply.Status.Resources.Linux
	equal(t, "MemoryLimitInBytes", limits.MemoryLimitInBytes, int64(96<<20))
	equal(t, "CpuQuota", limits.CpuQuota, int64(50_000))
	equal(t, "CpuShares, which stay", limits.CpuShares, int64(512))
	_, err = by(w.runtime.UpdatePodSandboxResources)(t.Context(), &v1.UpdatePodSandboxResourcesRequest{
		PodSandboxId: w.pod,
		Resources:    &v1.LinuxContainerResources{MemoryLimitInBytes: 128 << 20},
	})
	must(t, err)
}

func (w *walk) stats(t *testing.T) {
	one, err := by(w.runtime.ContainerStats)(t.Context(), w.container)
	must(t, err)
	w.checkStats(t, one)
	listed, err := by(w.runtime.ListContainerStats)(t.Context(), &v1.ContainerStatsFilter{PodSandboxId: w.pod})
	must(t, err)
	equal(t, "containers with stats", len(listed), 1)
	w.checkStats(t, listed[0])

	pod, err := by(w.runtime.PodSandboxStats)(t.Context(), w.pod)
	must(t, err)
	w.checkPodStats(t, pod)
	pods, err := by(w.runtime.ListPodSandboxStats)(t.Context(), &v1.PodSandboxStatsFilter{LabelSelector: w.podConfig.Labels})
	must(t, err)
	equal(t, "pods with stats", len(pods), 1)
	w.checkPodStats(t, pods[0])
}

func (w *walk) checkStats(t *testing.T, stats *v1.ContainerStats) {
	equal(t, "Id", stats.Attributes.Id, w.container)
	equal(t, "Metadata", stats.Attributes.Metadata.String(), w.config.Metadata.String())
	equal(t, "Labels", stats.Attributes.Labels, w.config.Labels)
	holds(t, "it has used time", stats.Cpu.UsageCoreNanoSeconds.Value > 1_000_000 && stats.Cpu.Timestamp > 0)
	holds(t, "it uses memory, within its limit",
		stats.Memory.WorkingSetBytes.Value > 0 && stats.Memory.UsageBytes.Value < 96<<20)
	equal(t, "what is left to it", stats.Memory.AvailableBytes.Value+stats.Memory.WorkingSetBytes.Value, uint64(96<<20))
	holds(t, "it has written", stats.WritableLayer.UsedBytes.Value > 0 && stats.WritableLayer.InodesUsed.Value > 0)
	holds(t, "its layer lies somewhere", stats.WritableLayer.FsId.Mountpoint != "")
}

func (w *walk) checkPodStats(t *testing.T, stats *v1.PodSandboxStats) {
	equal(t, "Id", stats.Attributes.Id, w.pod)
	equal(t, "Metadata", stats.Attributes.Metadata.String(), w.podConfig.Metadata.String())
	equal(t, "containers of the pod", len(stats.Linux.Containers), 1)
	w.checkStats(t, stats.Linux.Containers[0])
	equal(t, "interface", stats.Linux.Network.DefaultInterface.Name, "eth0")
	holds(t, "bytes came in", stats.Linux.Network.DefaultInterface.RxBytes.Value > 0)
	holds(t, "there are processes", stats.Linux.Process.ProcessCount.Value >= 2)
	holds(t, "the pod has used what its container has",
		stats.Linux.Cpu.UsageCoreNanoSeconds.Value >= stats.Linux.Containers[0].Cpu.UsageCoreNanoSeconds.Value)
}

// metrics have as many values of labels as their descriptors have names.
func (w *walk) metrics(t *testing.T) {
	descriptors, err := by(w.runtime.ListMetricDescriptors)(t.Context())
	must(t, err)
	keys := map[string]int{}
	for _, descriptor := range descriptors {
		holds(t, descriptor.Name+" has a help text", descriptor.Help != "")
		keys[descriptor.Name] = len(descriptor.LabelKeys)
	}
	pods, err := by(w.runtime.ListPodSandboxMetrics)(t.Context())
	must(t, err)
	for _, pod := range pods {
		if pod.PodSandboxId != w.pod {
			continue
		}
		equal(t, "containers with metrics", len(pod.ContainerMetrics), 1)
		equal(t, "ContainerId", pod.ContainerMetrics[0].ContainerId, w.container)
		for _, metric := range append(pod.Metrics, pod.ContainerMetrics[0].Metrics...) {
			equal(t, "labels of "+metric.Name, len(metric.LabelValues), keys[metric.Name])
		}
		return
	}
	t.Error("The pod has no metrics")
}
