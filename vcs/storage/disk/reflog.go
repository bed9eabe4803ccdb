package disk

import (
	"fmt"
	"strings"
	"time"

	"jeton/vcs/oid"
	"jeton/vcs/storage"
)

// reflogLine is one line of a reflog: old and new id, who, when, and behind a tab why and with which credential.
func reflogLine(b storage.Batch, from, to oid.ID) string {
	reason := b.Reason
	if b.Actor.Credential != "" {
		reason += " (" + b.Actor.Credential + ")"
	}
	who, mail := plain(b.Actor.Name), plain(b.Actor.Email)
	if who == "" {
		who = "unknown"
	}
	return fmt.Sprintf("%s %s %s <%s> %d +0000\t%s\n", from, to, who, mail, time.Now().Unix(), plain(reason))
}

// plain drops what would break a line of a reflog, or a terminal that shows it.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '<' || r == '>' {
			return -1
		}
		return r
	}, s)
}
