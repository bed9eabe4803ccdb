package ingest

import (
	"fmt"
	"runtime/debug"
)

// caught does a goroutine's work. A panic in it would end the whole server, since nobody else can catch it: it becomes an
// error, with the stack for the log.
func caught(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return do()
}
