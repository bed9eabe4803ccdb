package upload

import (
	"errors"
	"fmt"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/reach"
	"jeton/vcs/wire"
)

// inquiry is what object-info is asked for.
type inquiry struct {
	size bool
	ids  []oid.ID
}

// line takes in one argument of object-info, in git's words where it is none.
func (i *inquiry) line(line string, most int) error {
	if line == "size" {
		i.size = true
		return nil
	}
	hex, ok := strings.CutPrefix(line, "oid ")
	if !ok {
		return quote("object-info: unexpected line: '%s'", wire.Escape(line))
	}
	id, ok := oid.Parse(hex)
	if !ok {
		return quote("object-info: protocol error, expected to get oid, not '%s'", wire.Escape(hex))
	}
	if len(i.ids) >= most {
		return quote("object-info: more than %d objects in one request; ask for fewer at a time", most)
	}
	i.ids = append(i.ids, id)
	return nil
}

// objectInfo answers how large objects are, in bytes (gitprotocol-v2, "object-info"):
//
//	size
//	ID SIZE     an object that the client may know of
//	ID          and a space: one that is not there, or that no ref leads to which the client sees
//
// The two kinds of the last are told apart by nothing.
func (c *conversation) objectInfo(more bool) error {
	var i inquiry
	if err := c.arguments("object-info", more, func(line string) error { return i.line(line, c.s.o.Limits.Wants) }); err != nil {
		return err
	}
	if i.size && len(i.ids) > 0 {
		c.say("size")
	}
	for _, id := range i.ids {
		if !i.size {
			c.say("%s", id)
			continue
		}
		size, err := c.size(id)
		if err != nil {
			return err
		}
		c.say("%s %s", id, size)
	}
	return c.end()
}

// size is the size of an object in digits, "" where the client may not know of it.
func (c *conversation) size(id oid.ID) (string, error) {
	ok, err := c.visible().Object(c.ctx, id)
	if errors.Is(err, reach.ErrBudget) || err == nil && !ok {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look up object: %w", err)
	}
	_, size, err := c.view.Objects.Header(id)
	if err != nil {
		return "", fmt.Errorf("look up object: %w", err)
	}
	return fmt.Sprint(size), nil
}
