package signin

import (
	"sync"
	"time"
)

// complaints remember when each plug-in was last complained about. Safe for concurrent use; its keys are plug-ins' ids.
type complaints struct {
	mu   sync.Mutex // guards last
	last map[string]time.Time
}

// due tells whether it is time to complain again, and remembers that it was done.
func (c *complaints) due(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.last[id]) < quiet {
		return false
	}
	c.last[id] = now
	return true
}
