package walk

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
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

	_, err = by(w.runtime.RestorePod)(ctx, &v1.RestorePodRequest{CheckpointPath: pod, Config: w.podConfig})
	equal(t, "RestorePod, which no runtime has yet", code(err), codes.Unimplemented)
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
