package walk

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	v1 "k8s.io/cri-api/pkg/apis/runtime/v1"
)

const handler = "runc"

func (w *walk) runPod(t *testing.T) {
	logs, err := os.MkdirTemp(*directory, "logs-")
	must(t, err)
	w.podConfig = &v1.PodSandboxConfig{
		Metadata:     &v1.PodSandboxMetadata{Name: "walk", Namespace: "default", Uid: filepath.Base(logs), Attempt: 2},
		Hostname:     "walker",
		LogDirectory: logs,
		DnsConfig:    &v1.DNSConfig{Servers: []string{"192.0.2.1"}, Searches: []string{"walk.test"}},
		Labels:       map[string]string{"walk": filepath.Base(logs)},
		Annotations:  map[string]string{"note": "of the pod"},
		Linux: &v1.LinuxPodSandboxConfig{
			SecurityContext: &v1.LinuxSandboxSecurityContext{
				NamespaceOptions: &v1.NamespaceOption{Pid: v1.NamespaceMode_CONTAINER},
			},
		},
	}
	before := time.Now()
	w.pod, err = by(w.runtime.RunPodSandbox)(t.Context(), w.podConfig, handler)
	must(t, err)

	reply, err := by(w.runtime.PodSandboxStatus)(t.Context(), w.pod, true)
	must(t, err)
	status := reply.Status
	equal(t, "Id", status.Id, w.pod)
	equal(t, "State", status.State, v1.PodSandboxState_SANDBOX_READY)
	equal(t, "Metadata", status.Metadata.String(), w.podConfig.Metadata.String())
	equal(t, "Labels", status.Labels, w.podConfig.Labels)
	equal(t, "Annotations", status.Annotations, w.podConfig.Annotations)
	equal(t, "RuntimeHandler", status.RuntimeHandler, handler)
	equal(t, "Pid mode", status.Linux.Namespaces.Options.Pid, v1.NamespaceMode_CONTAINER)
	_, err = netip.ParseAddr(status.Network.Ip)
	must(t, err)
	holds(t, "the time of the pod's making is told", isSince(status.CreatedAt, before))
	holds(t, "the time of the answer is told", isSince(reply.Timestamp, before))
	var info struct{ Pid int }
	must(t, json.Unmarshal([]byte(reply.Info["info"]), &info))
	_, err = os.Stat(fmt.Sprintf("/proc/%d", info.Pid))
	must(t, err)

	w.findPod(t, &v1.PodSandboxFilter{Id: w.pod[:12]}, 1)
	w.findPod(t, &v1.PodSandboxFilter{LabelSelector: w.podConfig.Labels}, 1)
	notReady := &v1.PodSandboxStateValue{State: v1.PodSandboxState_SANDBOX_NOTREADY}
	w.findPod(t, &v1.PodSandboxFilter{Id: w.pod, State: notReady}, 0)
	_, err = w.runtime.RunPodSandbox(t.Context(), w.podConfig, "no-such-handler")
	holds(t, "an unknown handler is refused", err != nil)
}

func (w *walk) findPod(t *testing.T, filter *v1.PodSandboxFilter, count int) {
	t.Helper()
	listed, err := by(w.runtime.ListPodSandbox)(t.Context(), filter)
	must(t, err)
	equal(t, "pods listed", len(listed), count)
	for _, pod := range listed {
		equal(t, "Id listed", pod.Id, w.pod)
		equal(t, "Metadata listed", pod.Metadata.String(), w.podConfig.Metadata.String())
		equal(t, "Annotations listed", pod.Annotations, w.podConfig.Annotations)
	}
}

func (w *walk) end(t *testing.T) {
	var followed output
	read := make(chan error, 1)
	go func() { read <- w.readLog(t.Context(), &followed, true) }()
	must(t, by(w.runtime.StopContainer)(t.Context(), w.container, 0))
	must(t, <-read)
	reply, err := w.runtime.ContainerStatus(t.Context(), w.container, false)
	must(t, err)
	equal(t, "State", reply.Status.State, v1.ContainerState_CONTAINER_EXITED)
	equal(t, "ExitCode", reply.Status.ExitCode, int32(137))
	holds(t, "it ended after it began", reply.Status.FinishedAt > reply.Status.StartedAt)
	must(t, by(w.runtime.RemoveContainer)(t.Context(), w.container))
	_, err = w.runtime.ContainerStatus(t.Context(), w.container, false)
	equal(t, "the status of a removed container", code(err), codes.NotFound)

	must(t, by(w.runtime.StopPodSandbox)(t.Context(), w.pod))
	pod, err := w.runtime.PodSandboxStatus(t.Context(), w.pod, false)
	must(t, err)
	equal(t, "State", pod.Status.State, v1.PodSandboxState_SANDBOX_NOTREADY)
	must(t, by(w.runtime.RemovePodSandbox)(t.Context(), w.pod))
	_, err = w.runtime.PodSandboxStatus(t.Context(), w.pod, false)
	equal(t, "the status of a removed pod", code(err), codes.NotFound)
	w.events.checkLives(t, w.pod, w.container)
}

func isSince(nanoseconds int64, before time.Time) bool {
	return nanoseconds >= before.Add(-time.Second).UnixNano() && nanoseconds <= time.Now().Add(time.Second).UnixNano()
}
