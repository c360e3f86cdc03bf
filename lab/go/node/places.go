package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// placeRule says where the commands of some pods run: the first rule whose prefix fits NAMESPACE/POD counts.
type placeRule struct {
	Prefix string `json:"prefix"`
	// Lxc is the container's name.
	Lxc string `json:"lxc"`
	// Plain leaves out HOSTNAME and CONTAINER, which otherwise tell which pod and container a command runs in.
	Plain bool `json:"plain"`
}

// place is where one command runs.
type place struct {
	// words come before the command; none: it runs beside the node.
	words []string
	// root is the folder that the command sees as /.
	root        string
	environment []string
}

type places struct {
	lxcPath string
	rules   []placeRule
	mutex   sync.Mutex
	known   map[string]initProcess
}

// initProcess is the first process of a container; a pid alone is not enough, because the kernel reuses it.
type initProcess struct {
	pid   int
	start string
}

func newPlaces(lxcPath string, rules []placeRule) *places {
	return &places{lxcPath: lxcPath, rules: rules, known: map[string]initProcess{}}
}

func startOf(pid int) string {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	text := string(content)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 || fields[0] == "Z" {
		return ""
	}
	return fields[19]
}

// initOf returns the first process of a running container, or 0.
func (places *places) initOf(name string) int {
	places.mutex.Lock()
	defer places.mutex.Unlock()
	known := places.known[name]
	if known.pid != 0 && startOf(known.pid) == known.start {
		return known.pid
	}
	delete(places.known, name)
	output, err := exec.Command("lxc-info", "-P", places.lxcPath, "-n", name, "-pH").Output()
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(output)))
	if err != nil || pid <= 0 {
		return 0
	}
	places.known[name] = initProcess{pid, startOf(pid)}
	return pid
}

// find returns where a pod's commands run; false: the container exists and does not run.
func (places *places) find(namespace, pod, container string, tty bool) (place, bool) {
	var rule placeRule
	for _, each := range places.rules {
		if strings.HasPrefix(namespace+"/"+pod, each.Prefix) {
			rule = each
			break
		}
	}
	environment := []string{"HOME=/root", "USER=root", "PATH=" + searchPath}
	if !rule.Plain {
		environment = append(environment, "HOSTNAME="+pod, "CONTAINER="+container)
	}
	if tty {
		environment = append(environment, "TERM=xterm")
	}
	if rule.Lxc == "" || places.lxcPath == "" {
		return local(environment), true
	}
	if _, err := os.Stat(filepath.Join(places.lxcPath, rule.Lxc, "config")); err != nil {
		return local(environment), true
	}
	pid := places.initOf(rule.Lxc)
	if pid == 0 {
		return place{}, false
	}
	words := []string{"lxc-attach", "-P", places.lxcPath, "-n", rule.Lxc, "--clear-env"}
	for _, entry := range environment {
		words = append(words, "-v", entry)
	}
	return place{words: append(words, "--"), root: fmt.Sprintf("/proc/%d/root", pid), environment: os.Environ()}, true
}

func local(environment []string) place {
	marked := append(environment, "container=lab")
	for _, entry := range os.Environ() {
		// what the lab stops its processes by
		if strings.HasPrefix(entry, "FOPS_LAB_PROCESS=") {
			marked = append(marked, entry)
		}
	}
	return place{root: "/", environment: marked}
}

// check tells whether a program can be started there, in the words of the container runtime when it cannot.
func (place place) check(program string) error {
	if strings.Contains(program, "/") {
		if reason := place.examine(program); reason != "" {
			return runtimeError(program, reason)
		}
		return nil
	}
	refused := ""
	for _, folder := range filepath.SplitList(searchPath) {
		reason := place.examine(folder + "/" + program)
		if reason == "" && program != "" {
			return nil
		}
		if reason == "permission denied" {
			refused = reason
		}
	}
	if refused != "" {
		return runtimeError(program, refused)
	}
	return runtimeError(program, "executable file not found in $PATH")
}

// examine looks at one file inside the root, whatever its links point to; an empty answer: it can be executed.
func (place place) examine(path string) string {
	root, err := unix.Open(place.root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer unix.Close(root)
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	file, err := unix.Openat2(root, path, &how)
	if err != nil {
		return fmt.Sprintf("stat %s: %v", path, err)
	}
	defer unix.Close(file)
	var found unix.Stat_t
	if err := unix.Fstat(file, &found); err != nil {
		return err.Error()
	}
	switch {
	case found.Mode&unix.S_IFMT == unix.S_IFDIR:
		return "is a directory"
	case found.Mode&0o111 == 0:
		return "permission denied"
	}
	return ""
}

// runtimeError is what containerd says when it cannot start a program; no exit code comes with it.
func runtimeError(program, reason string) error {
	return fmt.Errorf("failed to exec in container: failed to start exec %q: OCI runtime exec failed: exec failed: "+
		"unable to start container process: exec: %q: %s", "fops-lab", program, reason)
}
