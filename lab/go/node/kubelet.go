package main

import (
	"fmt"
	"net/http"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

const (
	// the kubelet's own limits
	idleLimit     = 4 * time.Hour
	creationLimit = 30 * time.Second
)

type node struct {
	faults   *faults
	sessions *sessions
	places   *places
}

func kubeletHandler(node *node) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", node.exec)
	mux.HandleFunc("/exec/{namespace}/{pod}/{uid}/{container}", node.exec)
	mux.HandleFunc("/healthz", func(writer http.ResponseWriter, _ *http.Request) { fmt.Fprint(writer, "ok") })
	return mux
}

func (node *node) exec(writer http.ResponseWriter, request *http.Request) {
	namespace, pod, container := request.PathValue("namespace"), request.PathValue("pod"), request.PathValue("container")
	wanted := node.faults.find(namespace, pod, container)
	if wanted.is("refused") {
		http.Error(writer, "the node was told to refuse", int(wanted.number))
		return
	}
	options, err := remotecommand.NewOptions(request)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	place, runs := node.places.find(namespace, pod, container, options.TTY)
	if !runs || wanted.is("container-not-found") {
		http.Error(writer, fmt.Sprintf("container not found (%q)", container), http.StatusNotFound)
		return
	}
	command := &command{
		node: node, where: namespace + "/" + pod + "/" + container, place: place, fault: wanted,
		connection: connectionOf(request.Context()), noInput: !options.Stdin,
	}
	remotecommand.ServeExec(writer, request, command, pod, "", container, request.URL.Query()["command"], options,
		idleLimit, creationLimit, remotecommand.SupportedStreamingProtocols)
}
