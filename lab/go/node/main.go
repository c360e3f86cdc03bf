// A node of the lab's cluster: the kubelet's own exec server around real processes, and the HTTP service of its pods.
//
// It listens on a local socket and on one loopback port. The socket is an HTTP CONNECT proxy through which the API
// server reaches the cluster's network, so that nodes and pods have addresses of their own that no machine needs to
// carry. The port takes commands, one line each, that make the node fail.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"

	"k8s.io/klog/v2"
)

// settings is what the lab says in the file of --settings.
type settings struct {
	// Socket is the proxy's; with @ in front it is a name without a file.
	Socket string `json:"socket"`
	// KubeletAddress is where the API server finds the kubelet, for example 10.9.0.1:10250.
	KubeletAddress string `json:"kubeletAddress"`
	// PodNetwork holds the addresses that answer HTTP, for example 10.244.0.0/16.
	PodNetwork  string `json:"podNetwork"`
	PodPort     string `json:"podPort"`
	PodTLSPort  string `json:"podTlsPort"`
	Certificate string `json:"certificate"`
	Key         string `json:"key"`
	ClientCA    string `json:"clientCa"`
	// LxcPath is the folder of the containers; without a container there, commands run beside the node.
	LxcPath string            `json:"lxcPath"`
	Places  []placeRule       `json:"places"`
	Faults  map[string]string `json:"faults"`
}

func readSettings(path string) (settings, error) {
	var read settings
	content, err := os.ReadFile(path)
	if err != nil {
		return read, err
	}
	return read, json.Unmarshal(content, &read)
}

func writeReport(path string, report map[string]int) error {
	content, err := json.Marshal(report)
	if err != nil {
		return err
	}
	partial := path + ".partial"
	if err := os.WriteFile(partial, content, 0o600); err != nil {
		return err
	}
	return os.Rename(partial, path)
}

func run() error {
	settingsPath := flag.String("settings", "", "`FILE` with addresses, places and faults as JSON")
	reportPath := flag.String("report", "", "write the control port into `FILE` as JSON")
	klog.InitFlags(nil)
	flag.Parse()
	wanted, err := readSettings(*settingsPath)
	if err != nil {
		return err
	}
	table := newFaults()
	for target, mode := range wanted.Faults {
		if err := table.set(target, mode); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
	}
	node := &node{faults: table, sessions: newSessions(), places: newPlaces(wanted.LxcPath, wanted.Places)}
	network, err := newNetwork(wanted, node)
	if err != nil {
		return err
	}
	proxy, err := net.Listen("unix", wanted.Socket)
	if err != nil {
		return err
	}
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go serveControl(control, node)
	if *reportPath != "" {
		if err := writeReport(*reportPath, map[string]int{"control": control.Addr().(*net.TCPAddr).Port}); err != nil {
			return err
		}
	}
	return network.serve(proxy)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "node:", strings.TrimSpace(err.Error()))
		os.Exit(1)
	}
}
