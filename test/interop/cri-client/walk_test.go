// Package walk takes kubelet's client through everything that it can ask of a runtime.
package walk

import (
	"context"
	"flag"
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	cri "k8s.io/cri-api/pkg/apis"
	v1 "k8s.io/cri-api/pkg/apis/runtime/v1"
	client "k8s.io/cri-client/pkg"
)

var (
	endpoint  = flag.String("endpoint", "", "where the runtime listens")
	directory = flag.String("directory", "", "where logs and checkpoints are kept")
	image     = flag.String("image", "", "an image with busybox, in a registry that wants credentials")
	username  = flag.String("username", "", "of that registry")
	password  = flag.String("password", "", "of that registry")
	criu      = flag.Bool("criu", false, "whether containers can be written down here")
)

const connectionTimeout = 10 * time.Second

// walk is one life of a pod, as far as it has got.
type walk struct {
	runtime cri.RuntimeService
	images  cri.ImageManagerService
	events  *events

	imageRef   string
	podConfig  *v1.PodSandboxConfig
	pod        string
	config     *v1.ContainerConfig
	container  string
	streamURLs map[string]bool
}

type step struct {
	name string
	run  func(*testing.T)
}

func TestWalk(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	traces := sdk.NewTracerProvider(sdk.WithSpanProcessor(spans))
	for name, streaming := range map[string]bool{"with unary lists": false, "with streaming lists": true} {
		t.Run(name, func(t *testing.T) {
			runtime, err := client.NewRemoteRuntimeService(t.Context(), *endpoint, connectionTimeout, traces, streaming)
			must(t, err)
			images, err := client.NewRemoteImageService(t.Context(), *endpoint, connectionTimeout, traces, streaming)
			must(t, err)
			w := &walk{runtime: runtime, images: images, streamURLs: map[string]bool{}}
			inOrder(t, []step{
				{"the node", w.node},
				{"pulling an image", w.pullImage},
				{"running a pod", w.runPod},
				{"starting a container", w.startContainer},
				{"commands by ExecSync", w.execSync},
				{"sessions by SPDY and WebSocket", w.sessions},
				{"forwarded ports", w.forwardPorts},
				{"the log", w.log},
				{"changed limits", w.changeLimits},
				{"stats", w.stats},
				{"metrics", w.metrics},
				{"checkpoints", w.checkpoints},
				{"the end", w.end},
				{"removing an image", w.removeImage},
				{"closing", w.close},
			})
		})
	}
	t.Run("misses no method", checkMethods)
	t.Run("misses no RPC", func(t *testing.T) { checkRPCs(t, spans) })
}

// inOrder does not go on past a step that failed: each stands on the one before.
func inOrder(t *testing.T, steps []step) {
	for _, step := range steps {
		if !t.Run(step.name, step.run) {
			t.FailNow()
		}
	}
}

func (w *walk) node(t *testing.T) {
	version, err := by(w.runtime.Version)(t.Context(), "v1")
	must(t, err)
	equal(t, "RuntimeName", version.RuntimeName, "crikit")
	equal(t, "RuntimeApiVersion", version.RuntimeApiVersion, "v1")

	status, err := by(w.runtime.Status)(t.Context(), true)
	must(t, err)
	for _, condition := range status.Status.Conditions {
		equal(t, condition.Type, condition.Status, true)
	}
	equal(t, "supplemental groups policy", status.Features.SupplementalGroupsPolicy, true)
	holds(t, "the configuration is told", status.Info["config"] != "")

	config, err := by(w.runtime.RuntimeConfig)(t.Context())
	must(t, err)
	holds(t, "the cgroup driver is told", config.Linux != nil)
	must(t, by(w.runtime.UpdateRuntimeConfig)(t.Context(), &v1.RuntimeConfig{
		NetworkConfig: &v1.NetworkConfig{PodCidr: "10.244.1.0/24"},
	}))
	w.events = listen(w.runtime)
}

func (w *walk) close(t *testing.T) {
	must(t, by(w.images.Close)(t.Context()))
	must(t, by(w.runtime.Close)(t.Context()))
	_, err := w.runtime.Version(context.WithoutCancel(t.Context()), "v1")
	holds(t, "a closed client refuses", err != nil)
}
