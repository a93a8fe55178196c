package walk

import (
	"context"
	"slices"
	"sync"
	"testing"

	cri "k8s.io/cri-api/pkg/apis"
	v1 "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// events are what a runtime has told of all its containers and pods since it was listened to.
type events struct {
	mutex sync.Mutex
	told  []*v1.ContainerEventResponse
	stop  context.CancelFunc
	ended chan error
}

func listen(runtime cri.RuntimeService) *events {
	ctx, cancel := context.WithCancel(context.Background())
	e := &events{stop: cancel, ended: make(chan error, 1)}
	channel := make(chan *v1.ContainerEventResponse, 100)
	connected := make(chan struct{})
	go func() {
		for event := range channel {
			e.mutex.Lock()
			e.told = append(e.told, event)
			e.mutex.Unlock()
		}
	}()
	go func() {
		e.ended <- by(runtime.GetContainerEvents)(ctx, channel, func(v1.RuntimeService_GetContainerEventsClient) { close(connected) })
		close(channel)
	}()
	<-connected
	return e
}

// checkLives waits for all four events of the pod and of its container, in their order, and ends the stream.
func (e *events) checkLives(t *testing.T, pod, container string) {
	life := []v1.ContainerEventType{
		v1.ContainerEventType_CONTAINER_CREATED_EVENT,
		v1.ContainerEventType_CONTAINER_STARTED_EVENT,
		v1.ContainerEventType_CONTAINER_STOPPED_EVENT,
		v1.ContainerEventType_CONTAINER_DELETED_EVENT,
	}
	for _, id := range []string{pod, container} {
		eventually(t, "the whole life of "+id+" is told", func() bool { return slices.Equal(e.of(id), life) })
	}
	e.mutex.Lock()
	for _, event := range e.told {
		holds(t, "an event has a time", event.CreatedAt > 0)
		if event.ContainerId == container {
			equal(t, "the pod of an event", event.PodSandboxStatus.Id, pod)
		}
	}
	e.mutex.Unlock()
	e.stop()
	holds(t, "the stream of events ends when it is cancelled", <-e.ended != nil)
}

func (e *events) of(id string) []v1.ContainerEventType {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	var types []v1.ContainerEventType
	for _, event := range e.told {
		if event.ContainerId == id {
			types = append(types, event.ContainerEventType)
		}
	}
	return types
}
