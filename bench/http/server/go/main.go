// SPDX-License-Identifier: BSL-1.0

// The same with Go's net/http, with the timeouts that its documentation asks for. `go PORT`, with GOMAXPROCS=1.
package main

import (
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, "Hello, World!")
	})
	server := http.Server{
		Addr:              "127.0.0.1:" + os.Args[1],
		Handler:           mux,
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       75 * time.Second,
	}
	if err := server.ListenAndServe(); err != nil {
		os.Exit(1)
	}
}
