package receive

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// nonces makes and judges the nonces of push certificates, by which a server knows that it asked for a signature itself,
// and when. One is a time in seconds, a dash, and the HMAC-SHA-256 of repository and time under the server's key; so
// nothing is kept between the advertisement and the push (git-config, "receive.certNonceSeed").
type nonces struct {
	key  []byte
	slop time.Duration
}

// mint makes the nonce of a moment.
func (n nonces) mint(repoID string, at time.Time) string {
	return n.sign(repoID, strconv.FormatInt(at.Unix(), 10))
}

func (n nonces) sign(repoID, seconds string) string {
	mac := hmac.New(sha256.New, n.key)
	mac.Write([]byte(repoID + ":" + seconds))
	return fmt.Sprintf("%s-%x", seconds, mac.Sum(nil))
}

// What a nonce was found to be; any other is refused.
const (
	nonceOK   = "OK"
	nonceSlop = "SLOP"
)

// judge tells what a nonce of a certificate is. given is what this exchange has given out; empty over HTTP, where that was
// another request, and a nonce of the time before counts. The error is for the client.
func (n nonces) judge(nonce, repoID, given string, now time.Time) (string, error) {
	if given != "" {
		if hmac.Equal([]byte(nonce), []byte(given)) {
			return nonceOK, nil
		}
		return "", refuse("the push certificate's nonce is not the one that was given out; push again")
	}
	seconds, _, _ := strings.Cut(nonce, "-")
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || !hmac.Equal([]byte(nonce), []byte(n.sign(repoID, seconds))) {
		return "", refuse("the push certificate's nonce is not of this server and this repository; push again")
	}
	age := now.Sub(time.Unix(at, 0))
	switch {
	case age < -time.Minute:
		return "", refuse("the push certificate's nonce is of the future; push again")
	case age > n.slop:
		return "", refuse("the push certificate's nonce is %s old and at most %s are allowed (an administrator can change receive.cert_nonce_slop); push again",
			age.Round(time.Second), n.slop)
	}
	return nonceSlop, nil
}

// Nonce is what the advertisement of a push into a repository gives out, for transports that serve advertisement and push
// in one exchange (Session.Nonce); empty where the server asks for no signatures, or there is no repository yet.
func (s *Server) Nonce(repoID string) string {
	if len(s.nonces.key) == 0 || repoID == "" {
		return ""
	}
	return s.nonces.mint(repoID, time.Now())
}

// offered reports whether the advertisement of this session asks for a signature, and what nonce it gives out; that is
// empty when a push is answered apart from its advertisement.
func (s *Server) offered(ses Session) (nonce string, ok bool) {
	if len(s.nonces.key) == 0 || ses.Repo == nil || !ses.Stateless && ses.Nonce == "" {
		return "", false
	}
	return ses.Nonce, true
}
