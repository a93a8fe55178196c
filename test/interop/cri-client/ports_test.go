package walk

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	v1 "k8s.io/cri-api/pkg/apis/runtime/v1"
	"k8s.io/streaming/pkg/httpstream"
)

func bySPDY(url *url.URL) (httpstream.Dialer, error) {
	transport, upgrader, err := spdy.RoundTripperFor(&rest.Config{})
	if err != nil {
		return nil, err
	}
	return spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, url), nil
}

func throughWebSocket(url *url.URL) (httpstream.Dialer, error) {
	return portforward.NewSPDYOverWebsocketDialerForStreaming(url, &rest.Config{})
}

func (w *walk) forwardPorts(t *testing.T) {
	t.Run("spdy", func(t *testing.T) { w.forwardPort(t, bySPDY) })
	t.Run("spdy in a websocket", func(t *testing.T) { w.forwardPort(t, throughWebSocket) })
}

func (w *walk) forwardPort(t *testing.T, dialerTo func(*url.URL) (httpstream.Dialer, error)) {
	request := &v1.PortForwardRequest{PodSandboxId: w.pod, Port: []int32{port}}
	reply, err := by(w.runtime.PortForward)(t.Context(), request)
	must(t, err)
	url, err := url.Parse(reply.Url)
	must(t, err)
	dialer, err := dialerTo(url)
	must(t, err)
	stop, ready, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	ports := []string{fmt.Sprintf("0:%d", port)}
	forwarder, err := portforward.NewOnAddressesForStreaming(dialer, []string{"127.0.0.1"}, ports, stop, ready, io.Discard, io.Discard)
	must(t, err)
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	forwarded, err := forwarder.GetPorts()
	must(t, err)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 3 {
		reply, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/", forwarded[0].Local))
		must(t, err)
		page, err := io.ReadAll(reply.Body)
		must(t, err)
		equal(t, "the page", string(page), "page\n")
	}
	close(stop)
	must(t, <-ended)
}
