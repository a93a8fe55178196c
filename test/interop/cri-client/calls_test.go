package walk

import (
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	cri "k8s.io/cri-api/pkg/apis"
	v1 "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// calls remembers which methods of cri-client the walk has taken.
var calls sync.Map

// by gives back the method it is given, and remembers its name.
func by[F any](method F) F {
	full := runtime.FuncForPC(reflect.ValueOf(method).Pointer()).Name()
	name := strings.TrimPrefix(full, "k8s.io/cri-api/pkg/apis.")
	calls.Store(strings.TrimSuffix(name, "-fm"), true)
	return method
}

// checkMethods fails for each method of cri-client's interfaces that nothing has called: a new release may have one.
func checkMethods(t *testing.T) {
	for _, service := range []reflect.Type{
		reflect.TypeFor[cri.RuntimeService](),
		reflect.TypeFor[cri.ImageManagerService](),
	} {
		for i := range service.NumMethod() {
			name := service.Name() + "." + service.Method(i).Name
			if _, called := calls.Load(name); !called {
				t.Errorf("The walk does not call %s", name)
			}
		}
	}
}

// checkRPCs fails for each RPC that has not gone over the socket: cri-client puts a unary list in the place of a
// streaming one that the runtime has not, and tells nobody.
func checkRPCs(t *testing.T, spans *tracetest.SpanRecorder) {
	sent := map[string]bool{}
	for _, span := range spans.Started() {
		sent[span.Name()] = true
	}
	for _, service := range []grpc.ServiceDesc{v1.RuntimeService_ServiceDesc, v1.ImageService_ServiceDesc} {
		for _, rpc := range rpcs(service) {
			if !sent[service.ServiceName+"/"+rpc] {
				t.Errorf("The walk has not sent %s/%s", service.ServiceName, rpc)
			}
		}
	}
}

func rpcs(service grpc.ServiceDesc) []string {
	var names []string
	for _, method := range service.Methods {
		names = append(names, method.MethodName)
	}
	for _, stream := range service.Streams {
		names = append(names, stream.StreamName)
	}
	return names
}
