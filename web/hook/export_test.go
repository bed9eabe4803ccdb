package hook

import "crypto/sha256"

// HexMAC is for tests: the HMAC-SHA-256 of a body.
func HexMAC(secret, body string) string { return hexMAC(sha256.New, NewSecret(secret), []byte(body)) }
