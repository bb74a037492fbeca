// SPDX-License-Identifier: BSL-1.0

// An echo server in Go: server PORT (0: any), which it prints. Run with GOMAXPROCS=1.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
)

func echo(peer net.Conn) {
	defer peer.Close()
	data := make([]byte, 16*1024)
	for {
		count, err := peer.Read(data)
		if err != nil {
			return
		}
		if _, err = peer.Write(data[:count]); err != nil {
			return
		}
	}
}

func main() {
	port := "0"
	if len(os.Args) > 1 {
		port = os.Args[1]
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		peer, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go echo(peer)
	}
}
