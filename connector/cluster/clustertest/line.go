package clustertest

import (
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Line is a way to an API server that can be interrupted, as a network is, or as a server that is started again.
type Line struct {
	Kubeconfig string // that goes this way

	target string
	mu     sync.Mutex
	down   bool
	open   map[net.Conn]bool
}

// Line lays one to the stage's API server.
func (s *Stage) Line() *Line {
	s.Helper()
	config, here := s.minimal()
	u, err := url.Parse(here.Server)
	s.Must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	s.Must(err)
	l := &Line{Kubeconfig: filepath.Join(s.TempDir(), "kubeconfig"), target: u.Host, open: map[net.Conn]bool{}}
	if u.Port() == "" {
		l.target = net.JoinHostPort(u.Hostname(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
	}
	if here.TLSServerName == "" && u.Scheme == "https" {
		here.TLSServerName = u.Hostname()
	}
	u.Host = listener.Addr().String()
	here.Server, here.ProxyURL = u.String(), ""
	s.Must(clientcmd.WriteToFile(*config, l.Kubeconfig))
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.serve(listener)
	}()
	s.Cleanup(func() {
		_ = listener.Close()
		l.Cut()
		<-done
	})
	return l
}

// minimal is what of the stage's kubeconfig leads to its API server.
func (s *Stage) minimal() (*clientcmdapi.Config, *clientcmdapi.Cluster) {
	s.Helper()
	config, err := clientcmd.LoadFromFile(s.Kubeconfig)
	s.Must(err)
	s.Must(clientcmd.ResolveLocalPaths(config))
	s.Must(clientcmdapi.MinifyConfig(config))
	return config, config.Clusters[config.Contexts[config.CurrentContext].Cluster]
}

// Cut breaks every connection off, and takes none until Mend.
func (l *Line) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for c := range l.open {
		_ = c.Close()
	}
}

// Mend takes connections again.
func (l *Line) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}

func (l *Line) serve(listener net.Listener) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		all.Go(func() { l.carry(from) })
	}
}

func (l *Line) carry(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", l.target)
	if err != nil {
		return
	}
	defer to.Close()
	if !l.keep(from, to) {
		return
	}
	defer l.drop(from, to)
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(to, from); to.Close() })
	both.Go(func() { _, _ = io.Copy(from, to); from.Close() })
	both.Wait()
}

func (l *Line) keep(ends ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return false
	}
	for _, c := range ends {
		l.open[c] = true
	}
	return true
}

func (l *Line) drop(ends ...net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range ends {
		delete(l.open, c)
	}
}
