package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"
)

// network is the cluster's network: it takes the API server's CONNECT requests and gives each connection to the
// server that owns the address, inside this process.
type network struct {
	kubeletAddress string
	pods           netip.Prefix
	kubelet        *handedListener
	podPorts       map[string]*handedListener
}

// handedListener is a net.Listener whose connections were accepted elsewhere.
type handedListener struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
	address     net.Addr
}

func newHandedListener() *handedListener {
	return &handedListener{connections: make(chan net.Conn), closed: make(chan struct{}), address: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}
}

func (listener *handedListener) Accept() (net.Conn, error) {
	select {
	case connection := <-listener.connections:
		return connection, nil
	case <-listener.closed:
		return nil, net.ErrClosed
	}
}

func (listener *handedListener) Close() error {
	listener.once.Do(func() { close(listener.closed) })
	return nil
}

func (listener *handedListener) Addr() net.Addr { return listener.address }

// addressedConn is a connection that knows the address of the pod or node that it was made to.
type addressedConn struct {
	net.Conn
	target string
}

type connectionKey struct{}

// connectionOf is the connection that a request came on.
func connectionOf(ctx context.Context) *addressedConn {
	connection, _ := ctx.Value(connectionKey{}).(*addressedConn)
	return connection
}

func rememberConnection(ctx context.Context, connection net.Conn) context.Context {
	if secured, ok := connection.(*tls.Conn); ok {
		connection = secured.NetConn()
	}
	return context.WithValue(ctx, connectionKey{}, connection)
}

func readAuthority(path string) (*x509.CertPool, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return pool, nil
}

func newNetwork(wanted settings, node *node) (*network, error) {
	pods, err := netip.ParsePrefix(wanted.PodNetwork)
	if err != nil {
		return nil, err
	}
	certificate, err := tls.LoadX509KeyPair(wanted.Certificate, wanted.Key)
	if err != nil {
		return nil, err
	}
	authority, err := readAuthority(wanted.ClientCA)
	if err != nil {
		return nil, err
	}
	made := &network{
		kubeletAddress: wanted.KubeletAddress,
		pods:           pods,
		kubelet:        newHandedListener(),
		podPorts:       map[string]*handedListener{wanted.PodPort: newHandedListener(), wanted.PodTLSPort: newHandedListener()},
	}
	own := tls.Config{Certificates: []tls.Certificate{certificate}}
	// Like a real kubelet, it speaks only with the API server.
	guarded := own.Clone()
	guarded.ClientAuth = tls.RequireAndVerifyClientCert
	guarded.ClientCAs = authority
	kubelet := &http.Server{Handler: kubeletHandler(node), TLSConfig: guarded, ConnContext: rememberConnection}
	pod := &http.Server{Handler: podHandler(), ConnContext: rememberConnection}
	securePod := &http.Server{Handler: podHandler(), TLSConfig: own.Clone(), ConnContext: rememberConnection}
	go serveOrDie(func() error { return kubelet.ServeTLS(made.kubelet, "", "") })
	go serveOrDie(func() error { return pod.Serve(made.podPorts[wanted.PodPort]) })
	go serveOrDie(func() error { return securePod.ServeTLS(made.podPorts[wanted.PodTLSPort], "", "") })
	return made, nil
}

func serveOrDie(serve func() error) {
	if err := serve(); !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}

// find returns the server behind an address of the cluster, or nil: nobody listens there.
func (network *network) find(target string) *handedListener {
	if target == network.kubeletAddress {
		return network.kubelet
	}
	address, err := netip.ParseAddrPort(target)
	if err != nil || !network.pods.Contains(address.Addr()) {
		return nil
	}
	return network.podPorts[fmt.Sprint(address.Port())]
}

func (network *network) serve(listener net.Listener) error {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go network.take(connection)
	}
}

// take reads one CONNECT request. The API server says nothing more before it has the answer, so that no byte of the
// tunnel is lost in the reader.
func (network *network) take(connection net.Conn) {
	_ = connection.SetReadDeadline(time.Now().Add(10 * time.Second))
	request, err := http.ReadRequest(bufio.NewReader(connection))
	if err != nil || request.Method != http.MethodConnect {
		_, _ = connection.Write([]byte("HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n"))
		_ = connection.Close()
		return
	}
	_ = connection.SetReadDeadline(time.Time{})
	server := network.find(request.RequestURI)
	if server == nil {
		_, _ = connection.Write([]byte("HTTP/1.1 502 connection refused\r\nContent-Length: 0\r\n\r\n"))
		_ = connection.Close()
		return
	}
	if _, err := connection.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")); err != nil {
		_ = connection.Close()
		return
	}
	server.connections <- &addressedConn{Conn: connection, target: request.RequestURI}
}

// reset ends the connection below TLS, without a word.
func (connection *addressedConn) reset() {
	_ = connection.Conn.Close()
}
