package walk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/cri-api/pkg/apis/runtime/v1"
	client "k8s.io/cri-client/pkg"
	"k8s.io/utils/exec"
)

const port = 8080

// script serves a page, burns a little time, says two lines and answers each that comes in.
var script = strings.Join([]string{
	fmt.Sprintf("mkdir /www; echo page > /www/index.html; httpd -p %d -h /www", port),
	"i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done",
	"echo first; echo second >&2",
	"while read -r line; do echo got $line; done; sleep 600",
}, "\n")

func (w *walk) startContainer(t *testing.T) {
	host, err := os.MkdirTemp(*directory, "volume-")
	must(t, err)
	w.config = &v1.ContainerConfig{
		Metadata:    &v1.ContainerMetadata{Name: "main", Attempt: 3},
		Image:       &v1.ImageSpec{Image: w.imageRef, UserSpecifiedImage: *image},
		Command:     []string{"sh", "-c"},
		Args:        []string{script},
		WorkingDir:  "/tmp",
		Envs:        []*v1.KeyValue{{Key: "COLOUR", Value: []byte("green")}},
		Mounts:      []*v1.Mount{{ContainerPath: "/volume", HostPath: host, Readonly: true}},
		Labels:      map[string]string{"walk": w.podConfig.Metadata.Uid},
		Annotations: map[string]string{"note": "of the container"},
		LogPath:     "main/3.log",
		Stdin:       true,
		StopSignal:  v1.Signal_SIGNAL_SIGUSR1,
		Linux: &v1.LinuxContainerConfig{
			Resources:       &v1.LinuxContainerResources{MemoryLimitInBytes: 64 << 20, CpuShares: 512},
			SecurityContext: &v1.LinuxContainerSecurityContext{SupplementalGroups: []int64{4711}},
		},
	}
	must(t, os.Mkdir(filepath.Join(w.podConfig.LogDirectory, "main"), 0o755))
	before := time.Now()
	w.container, err = by(w.runtime.CreateContainer)(t.Context(), w.pod, w.config, w.podConfig)
	must(t, err)
	reply, err := by(w.runtime.ContainerStatus)(t.Context(), w.container, false)
	must(t, err)
	equal(t, "State", reply.Status.State, v1.ContainerState_CONTAINER_CREATED)
	must(t, by(w.runtime.StartContainer)(t.Context(), w.container))

	reply, err = w.runtime.ContainerStatus(t.Context(), w.container, true)
	must(t, err)
	status := reply.Status
	equal(t, "State", status.State, v1.ContainerState_CONTAINER_RUNNING)
	equal(t, "Metadata", status.Metadata.String(), w.config.Metadata.String())
	equal(t, "Image", status.Image.Image, *image)
	equal(t, "UserSpecifiedImage", status.Image.UserSpecifiedImage, *image)
	equal(t, "ImageId", status.ImageId, w.imageRef)
	holds(t, "the image has a digest", strings.Contains(status.ImageRef, "@sha256:"))
	equal(t, "Labels", status.Labels, w.config.Labels)
	equal(t, "Annotations", status.Annotations, w.config.Annotations)
	equal(t, "LogPath", status.LogPath, filepath.Join(w.podConfig.LogDirectory, w.config.LogPath))
	equal(t, "Mounts", fmt.Sprint(status.Mounts), fmt.Sprint(w.config.Mounts))
	equal(t, "MemoryLimitInBytes", status.Resources.Linux.MemoryLimitInBytes, int64(64<<20))
	equal(t, "SupplementalGroups", status.User.Linux.SupplementalGroups, []int64{0, 4711})
	equal(t, "StopSignal", status.StopSignal, v1.Signal_SIGNAL_SIGUSR1)
	holds(t, "it was created, then started", isSince(status.CreatedAt, before) && status.StartedAt >= status.CreatedAt)
	equal(t, "FinishedAt", status.FinishedAt, int64(0))
	w.checkInfo(t, reply.Info["info"])

	w.findContainer(t, &v1.ContainerFilter{PodSandboxId: w.pod, Id: w.container[:12]}, 1)
	w.findContainer(t, &v1.ContainerFilter{LabelSelector: w.config.Labels}, 1)
	exited := &v1.ContainerStateValue{State: v1.ContainerState_CONTAINER_EXITED}
	w.findContainer(t, &v1.ContainerFilter{PodSandboxId: w.pod, State: exited}, 0)
}

// checkInfo looks for what tools read from containerd.
func (w *walk) checkInfo(t *testing.T, text string) {
	var info struct {
		SandboxID   string
		Pid         int
		RuntimeSpec struct {
			Linux struct {
				Resources struct{ Memory struct{ Limit int64 } }
			}
			Process struct{ Args []string }
		}
	}
	must(t, json.Unmarshal([]byte(text), &info))
	equal(t, "sandboxID", info.SandboxID, w.pod)
	equal(t, "the spec's memory limit", info.RuntimeSpec.Linux.Resources.Memory.Limit, int64(64<<20))
	equal(t, "the spec's arguments", info.RuntimeSpec.Process.Args, append(w.config.Command, w.config.Args...))
	holds(t, "pid is the container's own", becomesShell(t, info.Pid))
}

// becomesShell waits for a moment: runc has done with a start just before the command takes its own init's place.
func becomesShell(t *testing.T, pid int) bool {
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		arguments, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		must(t, err)
		if bytes.HasPrefix(arguments, []byte("sh\x00-c\x00")) {
			return true
		}
	}
	return false
}

func (w *walk) findContainer(t *testing.T, filter *v1.ContainerFilter, count int) {
	t.Helper()
	listed, err := by(w.runtime.ListContainers)(t.Context(), filter)
	must(t, err)
	equal(t, "containers listed", len(listed), count)
	for _, container := range listed {
		equal(t, "Id listed", container.Id, w.container)
		equal(t, "PodSandboxId listed", container.PodSandboxId, w.pod)
		equal(t, "State listed", container.State, v1.ContainerState_CONTAINER_RUNNING)
		equal(t, "ImageId listed", container.ImageId, w.imageRef)
	}
}

func (w *walk) execSync(t *testing.T) {
	script := "echo $COLOUR; pwd; id -G; hostname; cat /etc/resolv.conf; touch /volume/a 2>&1; exit 3"
	out, trouble, err := by(w.runtime.ExecSync)(t.Context(), w.container, []string{"sh", "-c", script}, 10*time.Second)
	var exit exec.ExitError
	holds(t, "an exit code other than 0 is an error", errors.As(err, &exit) && exit.ExitStatus() == 3)
	equal(t, "stderr", string(trouble), "")
	for _, said := range []string{"green\n/tmp\n0 4711\nwalker\n", "search walk.test\n", "nameserver 192.0.2.1\n", "Read-only file system"} {
		holds(t, fmt.Sprintf("%q has %q", out, said), bytes.Contains(out, []byte(said)))
	}
	_, _, err = w.runtime.ExecSync(t.Context(), w.container, []string{"sleep", "60"}, time.Second)
	holds(t, "a command that takes too long is told as such", errors.Is(err, client.ErrCommandTimedOut))
}
