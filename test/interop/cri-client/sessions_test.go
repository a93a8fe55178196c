package walk

import (
	"bytes"
	"io"
	"net/url"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"
	v1 "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// protocols are both that client-go speaks to a streaming URL.
var protocols = map[string]func(*url.URL) (remotecommand.Executor, error){
	"spdy": func(url *url.URL) (remotecommand.Executor, error) {
		return remotecommand.NewSPDYExecutor(&rest.Config{}, "POST", url)
	},
	"websocket": func(url *url.URL) (remotecommand.Executor, error) {
		return remotecommand.NewWebSocketExecutor(&rest.Config{}, "GET", url.String())
	},
}

func (w *walk) sessions(t *testing.T) {
	for _, name := range []string{"spdy", "websocket"} {
		t.Run(name, func(t *testing.T) {
			w.execOnPipes(t, name)
			w.execOnTerminal(t, name)
			w.attach(t, name)
		})
	}
}

func (w *walk) execOnPipes(t *testing.T, protocol string) {
	request := &v1.ExecRequest{
		ContainerId: w.container,
		Cmd:         []string{"sh", "-c", "wc -c; echo bad >&2; exit 5"},
		Stdin:       true, Stdout: true, Stderr: true,
	}
	reply, err := by(w.runtime.Exec)(t.Context(), request)
	must(t, err)
	var stdout, stderr bytes.Buffer
	input := bytes.NewReader(make([]byte, 3_000_000))
	err = w.stream(t, protocol, reply.Url, remotecommand.StreamOptions{Stdin: input, Stdout: &stdout, Stderr: &stderr})
	exit, is := err.(exec.CodeExitError)
	holds(t, "the exit code comes back", is && exit.Code == 5)
	equal(t, "stdout", stdout.String(), "3000000\n")
	equal(t, "stderr", stderr.String(), "bad\n")
}

func (w *walk) execOnTerminal(t *testing.T, protocol string) {
	request := &v1.ExecRequest{ContainerId: w.container, Cmd: []string{"sh"}, Tty: true, Stdin: true, Stdout: true}
	reply, err := by(w.runtime.Exec)(t.Context(), request)
	must(t, err)
	var screen bytes.Buffer
	must(t, w.stream(t, protocol, reply.Url, remotecommand.StreamOptions{
		Stdin:             strings.NewReader("until [ \"$(stty size)\" = '33 77' ]; do sleep 0.02; done; tty; exit\n"),
		Stdout:            &screen,
		Tty:               true,
		TerminalSizeQueue: &sizes{{Width: 77, Height: 33}},
	}))
	holds(t, "there is a terminal of the size asked for", strings.Contains(screen.String(), "/dev/pts/"))
}

// attach stays until the main process has answered the line that it is sent.
func (w *walk) attach(t *testing.T, protocol string) {
	request := &v1.AttachRequest{ContainerId: w.container, Stdin: true, Stdout: true, Stderr: true}
	reply, err := by(w.runtime.Attach)(t.Context(), request)
	must(t, err)
	input, typed := io.Pipe()
	answered, answers := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- w.stream(t, protocol, reply.Url, remotecommand.StreamOptions{Stdin: input, Stdout: answers, Stderr: io.Discard})
	}()
	_, err = io.WriteString(typed, protocol+"\n")
	must(t, err)
	want := "got " + protocol + "\n"
	answer := make([]byte, len(want))
	_, err = io.ReadFull(answered, answer)
	must(t, err)
	equal(t, "the answer", string(answer), want)
	must(t, typed.Close())
}

func (w *walk) stream(t *testing.T, protocol, text string, options remotecommand.StreamOptions) error {
	holds(t, "each session has a URL of its own", !w.streamURLs[text])
	w.streamURLs[text] = true
	url, err := url.Parse(text)
	if err != nil {
		return err
	}
	executor, err := protocols[protocol](url)
	if err != nil {
		return err
	}
	return executor.StreamWithContext(t.Context(), options)
}

// sizes are told one after the other.
type sizes []remotecommand.TerminalSize

func (s *sizes) Next() *remotecommand.TerminalSize {
	if len(*s) == 0 {
		return nil
	}
	size := (*s)[0]
	*s = (*s)[1:]
	return &size
}
