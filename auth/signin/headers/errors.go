package headers

import (
	"errors"
	"fmt"

	"jeton/auth/signin"
	"jeton/vcs/name"
)

// errNoProxies: the plug-in would never take a header.
var errNoProxies = errors.New("server.trusted_proxies is empty, so that no header would be taken; name the proxy there first")

func badHeader(key, value string) error {
	return fmt.Errorf("%w: %s is %q, which is no header, or one that clients send for something else", signin.ErrBadSetting, key, value)
}

// subject is a name as people are known by: the proxy tells nothing that would last longer.
func subject(user string) string { return name.Fold(user) }
