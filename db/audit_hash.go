package db

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// chained begins what is hashed, so that no hash of another purpose is one of an entry.
const chained = "jeton audit entry 1\n"

// Sum is the hash of an entry, all of its fields but Hash itself: SHA-256, in 64 hexadecimal digits, of the line
// "jeton audit entry 1" and of each field with its length in bytes before it, 8 bytes with the most significant first.
// Numbers are 8 bytes as well; At counts microseconds since 1970.
//
//	seq previous id at user_id user_name credential door action resource outcome detail remote once
func (e AuditEntry) Sum() string {
	h := sha256.New()
	h.Write([]byte(chained))
	number := func(n int64) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }
	number(e.Seq)
	for _, text := range []string{e.Previous, e.ID} {
		number(int64(len(text)))
		h.Write([]byte(text))
	}
	number(e.At.UnixMicro())
	for _, text := range []string{e.UserID, e.UserName, e.Credential, e.Door, e.Action, e.Resource, e.Outcome, e.Detail, e.Remote, e.Once} {
		number(int64(len(text)))
		h.Write([]byte(text))
	}
	return hex.EncodeToString(h.Sum(nil))
}
