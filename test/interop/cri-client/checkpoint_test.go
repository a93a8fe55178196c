package walk

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	v1 "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func (w *walk) checkpoints(t *testing.T) {
	archive := filepath.Join(w.podConfig.LogDirectory, "checkpoint.tar")
	err := by(w.runtime.CheckpointContainer)(t.Context(), &v1.CheckpointContainerRequest{ContainerId: w.container, Location: archive})
	w.checkWritten(t, archive, err)

	pod := filepath.Join(w.podConfig.LogDirectory, "pod")
	must(t, os.Mkdir(pod, 0o700))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = by(w.runtime.CheckpointPod)(ctx, &v1.CheckpointPodRequest{
		PodSandboxId: w.pod, OutputPath: pod, ContainerIds: []string{w.container},
	})
	w.checkWritten(t, filepath.Join(pod, "*"), err)

	w.restore(ctx, t, pod)
}

// restore makes a second pod from the checkpoint, beside the first.
func (w *walk) restore(ctx context.Context, t *testing.T, checkpoint string) {
	twin := proto.Clone(w.podConfig).(*v1.PodSandboxConfig)
	twin.Metadata.Name = "twin"
	twin.PortMappings = nil
	twin.LogDirectory = filepath.Join(w.podConfig.LogDirectory, "twin")
	must(t, os.MkdirAll(filepath.Join(twin.LogDirectory, "main"), 0o755))
	restored, err := by(w.runtime.RestorePod)(ctx, &v1.RestorePodRequest{
		CheckpointPath: checkpoint, Config: twin, ContainerConfigs: []*v1.ContainerConfig{w.config},
	})
	if !*criu {
		equal(t, "RestorePod without a checkpoint", code(err), codes.InvalidArgument)
		return
	}
	must(t, err)
	equal(t, "restored containers", len(restored.RestoredContainers), 1)
	container := restored.RestoredContainers[0]
	equal(t, "Name", container.Name, w.config.Metadata.Name)
	w.hasState(t, container.ContainerId, v1.ContainerState_CONTAINER_CREATED)
	must(t, w.runtime.StartContainer(t.Context(), container.ContainerId))
	w.hasState(t, container.ContainerId, v1.ContainerState_CONTAINER_RUNNING)
	must(t, w.runtime.StopPodSandbox(t.Context(), restored.PodSandboxId))
	must(t, w.runtime.RemovePodSandbox(t.Context(), restored.PodSandboxId))
}

func (w *walk) hasState(t *testing.T, container string, state v1.ContainerState) {
	t.Helper()
	answer, err := w.runtime.ContainerStatus(t.Context(), container, false)
	must(t, err)
	equal(t, "State", answer.Status.State, state)
}

func (w *walk) checkWritten(t *testing.T, pattern string, err error) {
	t.Helper()
	files, _ := filepath.Glob(pattern)
	if *criu {
		must(t, err)
		holds(t, "the checkpoint is there", len(files) > 0)
		return
	}
	equal(t, "a checkpoint without criu", code(err), codes.FailedPrecondition)
	equal(t, "files that a failed checkpoint leaves", len(files), 0)
}
