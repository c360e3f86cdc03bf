package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// session is one command that runs.
type session struct {
	where      string
	program    string
	pid        int
	connection *addressedConn
}

// sessions knows every command that runs.
type sessions struct {
	mutex   sync.Mutex
	running map[*session]bool
	begun   int
}

func newSessions() *sessions {
	return &sessions{running: map[*session]bool{}}
}

func (all *sessions) add(one *session) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	all.running[one] = true
	all.begun++
}

func (all *sessions) remove(one *session) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	delete(all.running, one)
}

// each acts on every session at or below a target (all, when it is empty) and returns for how many that worked.
func (all *sessions) each(where string, act func(*session) bool) int {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	count := 0
	for one := range all.running {
		below := where == "" || where == "*" || one.where == where || strings.HasPrefix(one.where, where+"/")
		if below && act(one) {
			count++
		}
	}
	return count
}

func (all *sessions) show() ([]string, int) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	shown := []string{}
	for one := range all.running {
		shown = append(shown, fmt.Sprintf("%s %d %s", one.where, one.pid, one.program))
	}
	return shown, all.begun
}

// kill ends the command itself: below lxc-attach that is its child, whose end lxc-attach then reports. False: the
// command has not begun yet.
func (one *session) kill() bool {
	if !strings.HasSuffix(one.program, "lxc-attach") {
		return syscall.Kill(-one.pid, syscall.SIGKILL) == nil
	}
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", one.pid, one.pid))
	if err != nil {
		return false
	}
	killed := false
	for _, word := range strings.Fields(string(content)) {
		child, err := strconv.Atoi(word)
		// a helper that is not yet the command
		if program, failure := os.Readlink("/proc/" + word + "/exe"); err != nil || failure != nil || strings.Contains(program, "lxc-attach") {
			continue
		}
		killed = syscall.Kill(child, syscall.SIGKILL) == nil || killed
	}
	return killed
}

func (one *session) drop() bool {
	one.connection.reset()
	return true
}
