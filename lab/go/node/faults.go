package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// fault is one way to fail: a name and, for some, a number.
type fault struct {
	name   string
	number int64
}

// faultNames says which faults there are and what their number means; an empty text: they have none.
var faultNames = map[string]string{
	"container-not-found": "",
	"refused":             "HTTP status, before the upgrade",
	"not-found":           "",
	"not-executable":      "",
	"docker-not-found":    "",
	"slow-stdout":         "bytes in a second",
	"silence":             "milliseconds before any output leaves",
	"early-exit":          "bytes of stdin after which the command ends with status 7",
	"freeze":              "bytes of output after which nothing moves any more",
	"reset":               "bytes of output after which the link is reset",
	"no-status":           "",
	"late-size":           "milliseconds before the size of the terminal is looked at",
	"drain":               "milliseconds that output may still follow the end of the command",
}

func (fault fault) String() string {
	if faultNames[fault.name] == "" {
		return fault.name
	}
	return fmt.Sprintf("%s:%d", fault.name, fault.number)
}

// is says whether this is the named fault; a nil fault is none.
func (fault *fault) is(name string) bool {
	return fault != nil && fault.name == name
}

func parseFault(text string) (fault, error) {
	name, number, counted := strings.Cut(text, ":")
	meaning, known := faultNames[name]
	if !known {
		return fault{}, fmt.Errorf("unknown fault %q: use one of %s", name, strings.Join(slices.Sorted(maps.Keys(faultNames)), ", "))
	}
	if counted != (meaning != "") {
		if counted {
			return fault{}, fmt.Errorf("%s has no number", name)
		}
		return fault{}, fmt.Errorf("write %s:N, N: %s", name, meaning)
	}
	read := fault{name: name}
	if counted {
		value, err := strconv.ParseInt(number, 10, 64)
		if err != nil || value < 0 {
			return fault{}, fmt.Errorf("%q is no number", number)
		}
		read.number = value
	}
	return read, nil
}

// target is NAMESPACE/POD/CONTAINER, NAMESPACE/POD, NAMESPACE or "*"; the most exact one that fits counts.
var target = regexp.MustCompile(`^(?:\*|[a-z0-9.-]+(?:/[a-z0-9.-]+){0,2})$`)

// faults is the table of faults by target.
type faults struct {
	mutex sync.Mutex
	by    map[string]fault
}

func newFaults() *faults {
	return &faults{by: map[string]fault{}}
}

func (table *faults) set(where, text string) error {
	if !target.MatchString(where) {
		return fmt.Errorf("%q is no target: use NAMESPACE/POD/CONTAINER, NAMESPACE/POD, NAMESPACE or *", where)
	}
	read, err := parseFault(text)
	if err != nil {
		return err
	}
	table.mutex.Lock()
	defer table.mutex.Unlock()
	table.by[where] = read
	return nil
}

// clear forgets one target, or all of them when where is empty.
func (table *faults) clear(where string) {
	table.mutex.Lock()
	defer table.mutex.Unlock()
	if where == "" {
		table.by = map[string]fault{}
		return
	}
	delete(table.by, where)
}

// find returns the fault of a container, or nil.
func (table *faults) find(namespace, pod, container string) *fault {
	table.mutex.Lock()
	defer table.mutex.Unlock()
	for _, where := range []string{namespace + "/" + pod + "/" + container, namespace + "/" + pod, namespace, "*"} {
		if found, there := table.by[where]; there {
			return &found
		}
	}
	return nil
}

func (table *faults) show() map[string]string {
	table.mutex.Lock()
	defer table.mutex.Unlock()
	shown := map[string]string{}
	for where, each := range table.by {
		shown[where] = each.String()
	}
	return shown
}
