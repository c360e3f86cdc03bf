package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/creack/pty"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

const (
	chunk = 32 * 1024
	// A terminal's size is its first message; the command is not started before it, so that its first look is right.
	firstSizeLimit = 500 * time.Millisecond
	earlyExitCode  = 7
	killPause      = 5 * time.Millisecond
)

// command runs one command for one exec request.
type command struct {
	node       *node
	where      string
	place      place
	fault      *fault
	connection *addressedConn
	noInput    bool
	begun      time.Time
	sent       atomic.Int64
	early      atomic.Bool
	frozen     atomic.Bool
}

// freezingReader stops for good once its session is frozen.
type freezingReader struct {
	under  io.Reader
	frozen *atomic.Bool
}

func (reader *freezingReader) Read(buffer []byte) (int, error) {
	count, failure := reader.under.Read(buffer)
	if reader.frozen.Load() {
		select {}
	}
	return count, failure
}

// ExecInContainer is what the kubelet's server calls once the streams are there.
func (command *command) ExecInContainer(_ context.Context, _ string, _ string, _ string, words []string, in io.Reader, out, err io.WriteCloser,
	tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	if failure := command.refuse(words, out); failure != nil {
		return failure
	}
	full := append(append([]string{}, command.place.words...), words...)
	process := exec.Command(full[0], full[1:]...)
	process.Dir = "/"
	process.Env = command.place.environment
	command.begun = time.Now()
	command.frozen.Store(command.fault.is("freeze") && command.fault.number == 0)
	if command.noInput {
		in = nil
	}
	var failure error
	if tty {
		failure = command.runTerminal(process, in, out, resize)
	} else {
		failure = command.runPlain(process, in, out, err)
	}
	return command.end(failure)
}

// refuse finds out what would go wrong before the command runs, or goes wrong because the node was told so.
func (command *command) refuse(words []string, out io.Writer) error {
	if len(words) == 0 {
		return errors.New("no command")
	}
	switch {
	case command.fault.is("not-found"):
		return runtimeError(words[0], "executable file not found in $PATH")
	case command.fault.is("not-executable"):
		return runtimeError(words[0], "permission denied")
	case command.fault.is("docker-not-found"):
		// that runtime knows a status, and says the rest on standard output
		fmt.Fprintf(out, "OCI runtime exec failed: exec failed: unable to start container process: exec: %q: executable file not found in $PATH: unknown\r\n", words[0])
		return utilexec.CodeExitError{Err: errors.New("exit status 126"), Code: 126}
	}
	return command.place.check(words[0])
}

func (command *command) start(process *exec.Cmd) *session {
	one := &session{where: command.where, program: process.Path, pid: process.Process.Pid, connection: command.connection}
	command.node.sessions.add(one)
	return one
}

// runPlain runs a command on pipes of our own, which stay open until the command has ended: a client that leaves does
// not end the command, as with the container runtimes.
func (command *command) runPlain(process *exec.Cmd, in io.Reader, out, err io.Writer) error {
	process.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var input io.WriteCloser
	if in != nil {
		pipe, failure := process.StdinPipe()
		if failure != nil {
			return failure
		}
		input = pipe
	}
	var given, kept []*os.File
	closeAll := func(files []*os.File) {
		for _, file := range files {
			_ = file.Close()
		}
	}
	outlet := func(to io.Writer) (*os.File, error) {
		if to == nil {
			return nil, nil
		}
		reader, writer, failure := os.Pipe()
		if failure != nil {
			return nil, failure
		}
		given, kept = append(given, writer), append(kept, reader)
		return writer, nil
	}
	defer func() { closeAll(kept) }()
	var outputs []io.Writer
	for _, each := range []struct {
		to    io.Writer
		where *io.Writer
	}{{out, &process.Stdout}, {err, &process.Stderr}} {
		writer, failure := outlet(each.to)
		if failure != nil {
			closeAll(given)
			return failure
		}
		if writer != nil {
			*each.where = writer
			outputs = append(outputs, each.to)
		}
	}
	failure := process.Start()
	closeAll(given)
	if failure != nil {
		return failure
	}
	one := command.start(process)
	defer command.node.sessions.remove(one)
	if input != nil {
		go command.feed(one, input, in)
	}
	var copies sync.WaitGroup
	for i, reader := range kept {
		copies.Add(1)
		go func() {
			defer copies.Done()
			command.copyOutput(outputs[i], reader)
		}()
	}
	failure = process.Wait()
	command.waitForOutput(&copies)
	return failure
}

func (command *command) runTerminal(process *exec.Cmd, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	size := pty.Winsize{}
	if !command.fault.is("late-size") {
		select {
		case first, given := <-resize:
			if given {
				size = pty.Winsize{Cols: first.Width, Rows: first.Height}
			}
		case <-time.After(firstSizeLimit):
		}
	}
	terminal, failure := pty.StartWithSize(process, &size)
	if failure != nil {
		return failure
	}
	defer terminal.Close()
	one := command.start(process)
	defer command.node.sessions.remove(one)
	go func() {
		if command.fault.is("late-size") {
			time.Sleep(time.Duration(command.fault.number) * time.Millisecond)
		}
		for each := range resize {
			_ = pty.Setsize(terminal, &pty.Winsize{Cols: each.Width, Rows: each.Height})
		}
	}()
	if in != nil {
		go func() {
			// the end of the input is no end of the terminal
			_, _ = io.Copy(terminal, in)
		}()
	}
	var copies sync.WaitGroup
	copies.Add(1)
	go func() {
		defer copies.Done()
		command.copyOutput(out, terminal)
	}()
	failure = process.Wait()
	command.waitForOutput(&copies)
	return failure
}

// feed gives the command its input and, at its end, the end.
func (command *command) feed(one *session, input io.WriteCloser, in io.Reader) {
	defer input.Close()
	if command.fault.is("freeze") {
		in = &freezingReader{under: in, frozen: &command.frozen}
	}
	if !command.fault.is("early-exit") {
		_, _ = io.Copy(input, in)
		return
	}
	_, _ = io.CopyN(input, in, max(command.fault.number, 1))
	command.early.Store(true)
	for !one.kill() && syscall.Kill(one.pid, 0) == nil {
		time.Sleep(killPause)
	}
}

// copyOutput passes output on. When the client is gone nobody reads any more, and the command stops at a full pipe.
func (command *command) copyOutput(to io.Writer, from io.Reader) {
	if command.fault == nil {
		_, _ = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, chunk))
		return
	}
	size := chunk
	if command.fault.is("slow-stdout") {
		size = int(min(chunk, max(command.fault.number/10, 1)))
	}
	buffer := make([]byte, size)
	for {
		count, failure := from.Read(buffer)
		if count > 0 && !command.pass(to, buffer[:count]) {
			return
		}
		if failure != nil {
			return
		}
	}
}

// pass writes one piece of output as the fault wants it; false: no more.
func (command *command) pass(to io.Writer, data []byte) bool {
	switch {
	case command.fault.is("silence"):
		time.Sleep(time.Until(command.begun.Add(time.Duration(command.fault.number) * time.Millisecond)))
	case command.fault.is("slow-stdout"):
		time.Sleep(time.Duration(len(data)) * time.Second / time.Duration(max(command.fault.number, 1)))
	case command.fault.is("freeze"), command.fault.is("reset"):
		left := max(command.fault.number-command.sent.Load(), 0)
		if int64(len(data)) <= left {
			break
		}
		_, _ = to.Write(data[:left])
		command.stop()
	}
	count, failure := to.Write(data)
	command.sent.Add(int64(count))
	return failure == nil
}

// stop freezes the session or resets its link; in both cases nothing more is said, not even the status.
func (command *command) stop() {
	command.frozen.Store(true)
	if command.fault.is("reset") {
		command.connection.reset()
	}
	select {}
}

// waitForOutput waits until all output has left, also that of a child in the background, unless told otherwise.
func (command *command) waitForOutput(copies *sync.WaitGroup) {
	if !command.fault.is("drain") {
		copies.Wait()
		return
	}
	done := make(chan struct{})
	go func() {
		copies.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Duration(command.fault.number) * time.Millisecond):
	}
}

// end turns how the process ended into what the kubelet's server sends as the status.
func (command *command) end(failure error) error {
	switch {
	case command.early.Load():
		return utilexec.CodeExitError{Err: fmt.Errorf("exit status %d", earlyExitCode), Code: earlyExitCode}
	case command.fault.is("freeze"):
		command.stop()
	case command.fault.is("reset"):
		command.stop()
	case command.fault.is("no-status"):
		_ = command.connection.Close()
	}
	var ended *exec.ExitError
	if !errors.As(failure, &ended) {
		return failure
	}
	status, _ := ended.Sys().(syscall.WaitStatus)
	code := status.ExitStatus()
	if status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return utilexec.CodeExitError{Err: failure, Code: code}
}
