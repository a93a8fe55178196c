// A receiver of the Fluentd forward protocol, OpenTelemetry's own: it prints what it has taken, a line of JSON for
// each record, and acknowledges a chunk once it is printed.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/fluentforwardreceiver"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, address string) error {
	printer, err := consumer.NewLogs(printRecords)
	if err != nil {
		return err
	}
	factory := fluentforwardreceiver.NewFactory()
	config := factory.CreateDefaultConfig().(*fluentforwardreceiver.Config)
	config.ListenAddress = address
	settings := receiver.Settings{
		ID:                component.NewID(factory.Type()),
		TelemetrySettings: componenttest.NewNopTelemetrySettings(),
	}
	logs, err := factory.CreateLogs(ctx, settings, config, printer)
	if err != nil {
		return err
	}
	if err := logs.Start(ctx, componenttest.NewNopHost()); err != nil {
		return err
	}
	<-ctx.Done()
	return logs.Shutdown(context.Background())
}

func printRecords(_ context.Context, batch plog.Logs) error {
	out := json.NewEncoder(os.Stdout)
	for _, resource := range batch.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				line := map[string]any{
					"timeNs":     record.Timestamp().AsTime().UnixNano(),
					"body":       record.Body().AsString(),
					"attributes": record.Attributes().AsRaw(),
				}
				if err := out.Encode(line); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
