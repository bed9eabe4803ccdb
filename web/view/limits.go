package view

import "time"

// Limits bound answers; a zero means the default that stands behind it.
type Limits struct {
	// Requests is how many are worked on at a time (64): half of them for guests at most, half of that for one network of
	// guests, and half of all for one credential.
	Requests int
	// Timeout is how long one may take in all, however slowly the client reads (an hour).
	Timeout time.Duration
	// File is the largest file that is served raw, in bytes (16 GiB). One that lies in its pack as a difference to another and
	// is larger than 16 MiB is put together on disk first.
	File int64
	// DiffTime is how long a diff or patch is worked on (20 s), DiffBytes how large it becomes (32 MiB), DiffFiles how many
	// files it tells of (10,000), DiffBlob how large each may be (8 MiB): beyond them files are left out, and a line says so.
	DiffTime  time.Duration
	DiffBytes int64
	DiffFiles int
	DiffBlob  int64
	// Patches is how many commits a series of patches holds (1,000).
	Patches int
}

func (l Limits) withDefaults() Limits {
	orElse(&l.Requests, 64)
	orElse(&l.Timeout, time.Hour)
	orElse(&l.File, 16<<30)
	orElse(&l.DiffTime, 20*time.Second)
	orElse(&l.DiffBytes, 32<<20)
	orElse(&l.DiffFiles, 10_000)
	orElse(&l.DiffBlob, 8<<20)
	orElse(&l.Patches, 1000)
	return l
}

// orElse sets what is not set.
func orElse[T ~int | ~int64](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}
