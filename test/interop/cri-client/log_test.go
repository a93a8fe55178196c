package walk

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/cri-client/pkg/logs"
)

// output is what cri-client's reader, which serves kubectl logs, makes of a log.
type output struct{ stdout, stderr bytes.Buffer }

// log is read before and after a rotation.
func (w *walk) log(t *testing.T) {
	path := w.logPath()
	var before, after output
	must(t, w.readLog(t.Context(), &before, false))
	equal(t, "the log of stdout", before.stdout.String(), "first\ngot spdy\ngot websocket\n")
	equal(t, "the log of stderr", before.stderr.String(), "second\n")
	must(t, os.Rename(path, path+".1"))
	must(t, by(w.runtime.ReopenContainerLog)(t.Context(), w.container))
	must(t, w.readLog(t.Context(), &after, false))
	equal(t, "the new log", after.stdout.String(), "")
}

func (w *walk) logPath() string {
	return filepath.Join(w.podConfig.LogDirectory, w.config.LogPath)
}

func (w *walk) readLog(ctx context.Context, to *output, follow bool) error {
	options := &logs.LogOptions{Follow: follow}
	return logs.ReadLogs(ctx, w.logPath(), w.container, options, w.runtime, &to.stdout, &to.stderr)
}
