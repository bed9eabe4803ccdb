package content

import (
	"errors"

	"jeton/web/api/method"
)

// errEnough ends a walk of which the part that was asked for is complete.
var errEnough = errors.New("enough")

// part is which of many entries an answer holds.
type part struct {
	start, limit int64 // limit -1 is all
	most         int64 // how many an answer holds at most
	seen, taken  int64
	over         bool // there are more than that
}

// part reads start and limit.
func (q *query) part(start, limit int64, most int) (*part, error) {
	switch {
	case start < 0:
		return nil, method.Fail(method.Invalid, "`start` must not be negative")
	case limit < -1:
		return nil, method.Fail(method.Invalid, "`limit` must be -1 for all, or not negative")
	case limit > int64(most):
		return nil, method.Fail(method.Invalid, "`limit` must be at most %d; ask for the rest with `start`", most)
	}
	return &part{start: start, limit: limit, most: int64(most)}, nil
}

// take passes an entry by: in tells whether it belongs to the part, more whether to go on at all.
func (p *part) take() (in, more bool) {
	switch {
	case p.limit >= 0 && p.taken >= p.limit:
		return false, false
	case p.seen < p.start:
		p.seen++
		return false, true
	case p.taken >= p.most:
		p.over = true
		return false, false
	}
	p.seen++
	p.taken++
	return true, true
}

// end is what a walk that take was asked in has ended with; whose and what are for the sentence where there were too many.
func (p *part) end(err error, whose, what string) error {
	if p.over {
		return method.Fail(method.TooLarge, "%s: there are more than %d %s. Ask for parts with `start` and `limit`", whose, p.most, what)
	}
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}
