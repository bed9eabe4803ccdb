package upload

import (
	"jeton/vcs/rules"
	"jeton/vcs/wire"
)

// bundleURI tells where a client may begin a clone (gitprotocol-v2, "bundle-uri"), as lines of configuration:
//
//	bundle.version=1  bundle.mode=all  bundle.ID.uri=URI …
//
// all: each bundle brings something of its own, and a client takes every one that it can get.
func (c *conversation) bundleURI(more bool) error {
	err := c.arguments("bundle-uri", more, func(line string) error {
		return quote("bundle-uri: unexpected argument: '%s'", wire.Escape(line))
	})
	if err != nil {
		return err
	}
	c.say("bundle.version=1")
	c.say("bundle.mode=all")
	for _, b := range c.ses.Rules.Bundles {
		if fits(b) {
			c.say("bundle.%s.uri=%s", b.ID, b.URI)
		}
	}
	return c.end()
}

// fits reports whether a bundle can be told on one line: clients would not understand anything else.
func fits(b rules.Bundle) bool {
	return b.ID != "" && b.URI != "" && wire.Escape(b.ID+b.URI) == b.ID+b.URI && len(b.ID)+len(b.URI) < wire.MaxPayload/2
}
