package main

import "net/http"

// feedRows measure what a feed reader asks for. C git has none: beside it stands an empty handler, and what counts is the
// difference. The server that is measured keeps no feeds (JETON_FEED_MEMORY), so that each that is sent was made anew.
func feedRows() []row {
	const path = "/admin/bench/feed/atom"
	tags := map[*server]string{}
	feed := func(status int, headers func(*server) []string) func(*server) (int64, error) {
		return func(s *server) (int64, error) {
			if s.token == "" {
				n, _, err := get(s, emptyPath, "", http.StatusNoContent)
				return n, err
			}
			n, _, err := get(s, path, s.feed, status, headers(s)...)
			return n, err
		}
	}
	return []row{
		{
			name: "feed, nothing new (304) : an empty handler", goal: "<= 0.05 ms more", least: 5000,
			prepare: func(s *server) (err error) {
				if s.token != "" {
					_, tags[s], err = get(s, path, s.feed, http.StatusOK)
				}
				return err
			},
			work: feed(http.StatusNotModified, func(s *server) []string { return []string{"If-None-Match", tags[s]} }),
		},
		{
			name: "feed, made anew : an empty handler", goal: "<= 5 ms", least: 200,
			work: feed(http.StatusOK, func(*server) []string { return nil }),
		},
	}
}
