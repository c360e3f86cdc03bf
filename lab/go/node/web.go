package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	largestNumber = 1 << 40
	largestBody   = 64 << 20
)

// podHandler is the HTTP service of every pod:
//
//	/health                        {"status": "ok"}
//	/bytes?count=N                 that many bytes 0, 1, ... 255, 0, ...; chunked=1 leaves out the length
//	/drip?count=N&ms=M             that many lines, one every M milliseconds
//	/slow?ms=M                     an answer after M milliseconds
//	/status/CODE?retry_after=S     that status, with a body of its own: {"error": ...}, no Status of the API server
//	/redirect?to=URL&status=CODE   that Location
//	/truncated?announce=N&send=M   fewer bytes than announced, then the link ends
//	/page                          text/html with a link, which the API server rewrites
//
// Everything else is answered by what was asked.
func podHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(writer http.ResponseWriter, _ *http.Request) {
		answer(writer, http.StatusOK, map[string]any{"status": "ok"})
	})
	mux.HandleFunc("/bytes", sendBytes)
	mux.HandleFunc("/drip", drip)
	mux.HandleFunc("/slow", func(writer http.ResponseWriter, request *http.Request) {
		time.Sleep(time.Duration(number(request, "ms", 0)) * time.Millisecond)
		answer(writer, http.StatusOK, map[string]any{"slept": number(request, "ms", 0)})
	})
	mux.HandleFunc("/status/{code}", func(writer http.ResponseWriter, request *http.Request) {
		code, err := strconv.Atoi(request.PathValue("code"))
		if err != nil || code < 200 || code > 599 {
			code = http.StatusUnprocessableEntity
		}
		if seconds := request.URL.Query().Get("retry_after"); seconds != "" {
			writer.Header().Set("Retry-After", seconds)
		}
		answer(writer, code, map[string]any{"error": fmt.Sprintf("the service answers %d", code)})
	})
	mux.HandleFunc("/redirect", func(writer http.ResponseWriter, request *http.Request) {
		writer.Header().Set("Location", request.URL.Query().Get("to"))
		writer.WriteHeader(int(min(max(number(request, "status", http.StatusFound), 300), 399)))
	})
	mux.HandleFunc("/truncated", sendTruncated)
	mux.HandleFunc("/page", func(writer http.ResponseWriter, _ *http.Request) {
		writer.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(writer, "<html><body><a href=\"/health\">health</a></body></html>\n")
	})
	mux.HandleFunc("/", echo)
	return mux
}

func answer(writer http.ResponseWriter, status int, body any) {
	content, err := json.Marshal(body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusInternalServerError)
		return
	}
	writer.Header().Set("Content-Type", "application/json")
	writer.Header().Set("Content-Length", strconv.Itoa(len(content)+1))
	writer.WriteHeader(status)
	_, _ = writer.Write(append(content, '\n'))
}

func number(request *http.Request, name string, preset int64) int64 {
	value, err := strconv.ParseInt(request.URL.Query().Get(name), 10, 64)
	if err != nil || value < 0 || value > largestNumber {
		return preset
	}
	return value
}

// everyByte is a source of the bytes 0 to 255, again and again.
type everyByte struct{ place int64 }

func (source *everyByte) Read(buffer []byte) (int, error) {
	for i := range buffer {
		buffer[i] = byte(source.place)
		source.place++
	}
	return len(buffer), nil
}

func sendBytes(writer http.ResponseWriter, request *http.Request) {
	count := number(request, "count", 0)
	writer.Header().Set("Content-Type", "application/octet-stream")
	if request.URL.Query().Get("chunked") == "" {
		writer.Header().Set("Content-Length", strconv.FormatInt(count, 10))
	}
	_, _ = io.CopyN(writer, &everyByte{}, count)
}

func sendTruncated(writer http.ResponseWriter, request *http.Request) {
	writer.Header().Set("Content-Length", strconv.FormatInt(number(request, "announce", 100), 10))
	_, _ = io.CopyN(writer, &everyByte{}, number(request, "send", 10))
	// what was announced never comes: the server ends the link
	panic(http.ErrAbortHandler)
}

func drip(writer http.ResponseWriter, request *http.Request) {
	flusher, _ := writer.(http.Flusher)
	for i := range number(request, "count", 0) {
		if i > 0 {
			time.Sleep(time.Duration(number(request, "ms", 0)) * time.Millisecond)
		}
		if _, err := fmt.Fprintf(writer, "line %d\n", i); err != nil {
			return
		}
		flusher.Flush()
	}
}

func echo(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, largestBody))
	if err != nil {
		answer(writer, http.StatusRequestEntityTooLarge, map[string]any{"error": err.Error()})
		return
	}
	digest := sha256.Sum256(body)
	query, _ := url.ParseQuery(request.URL.RawQuery)
	said := map[string]any{
		"method": request.Method, "path": request.URL.Path, "rawQuery": request.URL.RawQuery, "query": query, "headers": request.Header,
		"host": request.Host, "address": connectionOf(request.Context()).target, "bodyBytes": len(body), "bodySha256": hex.EncodeToString(digest[:]),
	}
	if utf8.Valid(body) && len(body) <= chunk {
		said["body"] = string(body)
	}
	answer(writer, http.StatusOK, said)
}
