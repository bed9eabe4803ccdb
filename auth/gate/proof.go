package gate

import "errors"

// ErrProof: what a connection carries is not what Proof made.
var ErrProof = errors.New("not the proof of a credential")

// Proof is a Proven as text, for what only carries text: Permissions.Extensions of an SSH connection. It holds no secret.
func (p Proven) Proof() map[string]string {
	vouched := ""
	if p.Vouched {
		vouched = "true"
	}
	return map[string]string{"jeton-token": p.TokenID, "jeton-key": p.KeyID, "jeton-user": p.UserID,
		"jeton-stamp": p.Stamp, "jeton-certificate": p.Certificate, "jeton-login": p.Login,
		"jeton-vouched": vouched}
}

// FromProof reads what Proof wrote. ErrProof where nothing, or more than one credential, is named: a connection whose
// proof was lost must not go on as a guest.
func FromProof(proof map[string]string) (Proven, error) {
	p := Proven{TokenID: proof["jeton-token"], KeyID: proof["jeton-key"], UserID: proof["jeton-user"],
		Stamp: proof["jeton-stamp"], Certificate: proof["jeton-certificate"], Login: proof["jeton-login"],
		Vouched: proof["jeton-vouched"] != ""}
	named := 0
	for _, id := range []string{p.TokenID, p.KeyID, p.UserID, p.Certificate} {
		if id != "" {
			named++
		}
	}
	if named != 1 {
		return Proven{}, ErrProof
	}
	return p, nil
}
