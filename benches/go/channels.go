// Go's channels, doing what src/sync/channels.rs does: prints the nanoseconds a message took, after a warm-up.
package main

import (
	"fmt"
	"os"
	"time"
)

const capacity = 64
const messages = 400_000

func bounded(senders int) float64 {
	start := time.Now()
	channel := make(chan int, capacity)
	done := make(chan struct{}, senders)
	for s := 0; s < senders; s++ {
		go func() {
			for n := 0; n < messages/senders; n++ {
				channel <- n
			}
			done <- struct{}{}
		}()
	}
	go func() {
		for s := 0; s < senders; s++ {
			<-done
		}
		close(channel)
	}()
	received := 0
	for range channel {
		received++
	}
	if received != messages {
		panic("messages are lost")
	}
	return float64(time.Since(start).Nanoseconds()) / messages
}

func alone() float64 {
	const messages = 1_000_000
	channel := make(chan int, capacity)
	start := time.Now()
	for n := 0; n < messages; n++ {
		channel <- n
		<-channel
	}
	return float64(time.Since(start).Nanoseconds()) / messages
}

func main() {
	var run func() float64
	switch os.Args[1] {
	case "mpsc_bounded_1_1":
		run = func() float64 { return bounded(1) }
	case "mpsc_bounded_4_1":
		run = func() float64 { return bounded(4) }
	case "mpsc_alone":
		run = alone
	default:
		panic("no such workload")
	}
	run()
	fmt.Println(run())
}
