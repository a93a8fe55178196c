// Command cri-client-bench does rounds of calls by kubelet's client on the socket of its argument. Each line of its
// standard input, as in `version 1000 32`, says what to call, how often, and how many at a time. It answers with the
// microseconds that took.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	cri "k8s.io/cri-api/pkg/apis"
	client "k8s.io/cri-client/pkg"
)

const connectionTimeout = 10 * time.Second

func main() {
	ctx := context.Background()
	rounds := rounds{unary: connect(ctx, false), streaming: connect(ctx, true)}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		start := time.Now()
		if err := rounds.do(ctx, lines.Text()); err != nil {
			log.Fatal(err)
		}
		fmt.Println(time.Since(start).Microseconds())
	}
}

// connect makes a client without traces, which costs least.
func connect(ctx context.Context, streaming bool) cri.RuntimeService {
	service, err := client.NewRemoteRuntimeServiceBuilder().
		WithEndpoint("unix://" + os.Args[1]).
		WithConnectionTimeout(connectionTimeout).
		WithTracerProvider(nil).
		WithUseStreaming(streaming).
		Build(ctx)
	if err != nil {
		log.Fatal(err)
	}
	return service
}

type rounds struct {
	unary, streaming cri.RuntimeService
}

func (r rounds) do(ctx context.Context, line string) error {
	var what string
	var times, width int
	if _, err := fmt.Sscanf(line, "%s %d %d", &what, &times, &width); err != nil {
		return fmt.Errorf("%q: %w", line, err)
	}
	calls := map[string]func() error{
		"version": func() error { _, err := r.unary.Version(ctx, "v1"); return err },
		"list":    func() error { return list(ctx, r.unary) },
		"stream":  func() error { return list(ctx, r.streaming) },
	}
	call, ok := calls[what]
	if !ok {
		return fmt.Errorf("no call %q", what)
	}
	return inLanes(times, width, call)
}

func list(ctx context.Context, service cri.RuntimeService) error {
	containers, err := service.ListContainers(ctx, nil)
	if err == nil && len(containers) == 0 {
		return fmt.Errorf("an empty list")
	}
	return err
}

// inLanes makes the calls with so many in flight all the time.
func inLanes(calls, width int, call func() error) error {
	left := make(chan struct{}, calls)
	for range calls {
		left <- struct{}{}
	}
	close(left)
	failures := make(chan error, width)
	var lanes sync.WaitGroup
	for range width {
		lanes.Go(func() {
			for range left {
				if err := call(); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	lanes.Wait()
	close(failures)
	return <-failures
}
