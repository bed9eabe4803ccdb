package sshd

import (
	"context"
	"fmt"

	"jeton/vcs/wire"
)

// greetList is how many repositories the greeting names.
const greetList = 100

// greet answers `ssh host`.
func (ses *session) greet(ctx context.Context) int {
	paths, err := ses.s.o.Auth.Readable(ctx, ses.id, ses.conn.RemoteAddr())
	if err != nil {
		return ses.refused(ctx, err)
	}
	_, _ = fmt.Fprintf(ses.ch, "Hello %s! This is Jeton; it speaks git and has no shell.\n", wire.Escape(ses.id.Name))
	if len(paths) == 0 {
		_, _ = fmt.Fprintln(ses.ch, "There is no repository that you may read.")
	} else {
		_, _ = fmt.Fprintln(ses.ch, "You may read:")
	}
	for i, p := range paths {
		if i == greetList {
			_, _ = fmt.Fprintf(ses.ch, "  … and %d more\n", len(paths)-i)
			break
		}
		_, _ = fmt.Fprintf(ses.ch, "  %s\n", wire.Escape(p))
	}
	return 0
}
