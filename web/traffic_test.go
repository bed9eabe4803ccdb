package web

import "testing"

func TestTrafficIsCountedByStatus(t *testing.T) {
	var c Traffic
	for _, status := range []int{0, 200, 204, 304, 400, 404, 499, 500, 503} {
		c.Count(status)
	}
	if all, refused, failed := c.Counted(); all != 9 || refused != 3 || failed != 2 {
		t.Errorf("got %d, %d refused, %d failed", all, refused, failed)
	}
}
