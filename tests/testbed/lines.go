// What the programs that print what Go's own code makes of something share: each line of JSON on standard input is done again, and printed with
// what came of it. It is built with each of them.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// A line of their input, and of their output.
type line interface {
	// reset forgets what came of it before.
	reset()
	// run does it.
	run() error
	// refuse notes why it was not done.
	refuse(why string)
}

// each does every line of standard input.
func each[T any, L interface {
	*T
	line
}]() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		one := L(new(T))
		if err := json.Unmarshal(lines.Bytes(), one); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		one.reset()
		if err := one.run(); err != nil {
			one.refuse(err.Error())
		}
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(one); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Stdout.Write(out.Bytes())
	}
}
