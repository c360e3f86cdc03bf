package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"strings"
)

// serveControl takes one command a line and answers each with one line of JSON, as the lab's relays do.
func serveControl(listener net.Listener, node *node) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer connection.Close()
			lines := bufio.NewScanner(connection)
			encoder := json.NewEncoder(connection)
			for lines.Scan() {
				if encoder.Encode(node.obey(strings.Fields(lines.Text()))) != nil {
					return
				}
			}
		}()
	}
}

// obey carries out one command:
//
//	fault TARGET FAULT   makes commands that begin from now on fail
//	clear [TARGET]       ends a fault, or all
//	kill [TARGET]        kills the running commands, as when their pod is deleted
//	drop [TARGET]        resets the links of running commands; the commands themselves go on
//	status               tells faults and running commands
func (node *node) obey(words []string) map[string]any {
	answer := map[string]any{}
	word := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch {
	case word(0) == "fault" && len(words) == 3:
		if err := node.faults.set(words[1], words[2]); err != nil {
			return map[string]any{"error": err.Error()}
		}
	case word(0) == "clear" && len(words) <= 2:
		node.faults.clear(word(1))
	case word(0) == "kill" && len(words) <= 2:
		answer["killed"] = node.sessions.each(word(1), (*session).kill)
	case word(0) == "drop" && len(words) <= 2:
		answer["dropped"] = node.sessions.each(word(1), (*session).drop)
	case word(0) == "status" && len(words) == 1:
	default:
		return map[string]any{"error": fmt.Sprintf("unknown command %q: use fault, clear, kill, drop or status", strings.Join(words, " "))}
	}
	answer["faults"] = node.faults.show()
	answer["running"], answer["begun"] = node.sessions.show()
	return answer
}
