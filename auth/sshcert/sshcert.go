// Package sshcert tells whom an SSH certificate names, where the administrator trusts an authority that signs them, and
// which keys and certificates were revoked.
//
//	ssh-keygen -s ca -I ada@laptop -n ada -V +8h id_ed25519.pub      the authority signs
//	        │
//	        ▼
//	certificate ─► user's? ─► authority known? ─► revoked? ─► critical options ─► valid now? ─► address ─► signature
//
// The format is OpenSSH's (PROTOCOL.certkeys). A certificate proves nothing by itself: that the client holds the private
// half is for SSH to show. Which user a principal is, auth/gate decides. Nothing is kept of a certificate that was
// taken: it is checked whole at every question, so that one that expires or is revoked ends on open connections too.
package sshcert

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"jeton/auth/sshkey"
)

// Why a certificate is refused; the texts are for the client.
var (
	// ErrUnknown: no certificate, or not by an authority of this server. It is not said more closely: clients offer
	// what they hold, to every server.
	ErrUnknown = errors.New("this certificate is not known here")
	// ErrRevoked: it, its key, or its authority is on the list.
	ErrRevoked = errors.New("this certificate was revoked")
	// ErrExpired and ErrNotYet: its time is over, or has not come.
	ErrExpired = errors.New("this certificate has expired")
	ErrNotYet  = errors.New("this certificate is not valid yet")
	// ErrAddress: it may not be used from the client's address.
	ErrAddress = errors.New("this certificate must not be used from this address")
	// ErrUnusable: it asks for what this server does not do, or is too weak; the text says what.
	ErrUnusable = errors.New("this certificate cannot be used here")
)

// maxCertificate bounds a certificate in wire format, in bytes.
const maxCertificate = 16 * 1024

// Certificate is one that is valid at this moment.
type Certificate struct {
	// KeyID and Serial name it, as its authority chose; any text may stand in KeyID.
	KeyID  string
	Serial uint64
	// Principals are whom it names; at least one.
	Principals []string
	// Expires is zero for one that never does.
	Expires time.Time
}

// Options say where the two files are; "" for none.
type Options struct {
	// Authorities holds the public keys of those who may sign, one a line, as TrustedUserCAKeys of sshd_config(5).
	Authorities string
	// Revoked is described at docs/ssh.md: keys, fingerprints, serials and ids that open nothing any more.
	Revoked string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Authorities are those whose certificates are taken. The nil value takes none and revokes nothing. It is safe for
// concurrent use.
type Authorities struct {
	trusted *file[[]ssh.PublicKey]
	revoked *file[revocations]
	now     func() time.Time
}

// New reads both files; one that cannot be read is an error. Later changes of the files are seen at the next question.
func New(o Options) (*Authorities, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &Authorities{trusted: newFile(o.Authorities, parseAuthorities), revoked: newFile(o.Revoked, parseRevoked), now: o.Now}
	if _, err := a.trusted.get(); err != nil {
		return nil, fmt.Errorf("authorities of SSH certificates: %w", err)
	}
	if _, err := a.revoked.get(); err != nil {
		return nil, fmt.Errorf("revoked SSH keys: %w", err)
	}
	return a, nil
}

// parseAuthorities reads public keys, one a line; # begins a comment.
func parseAuthorities(text []byte) ([]ssh.PublicKey, error) {
	var keys []ssh.PublicKey
	for n, line := range lines(text) {
		key, err := sshkey.Parse(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if key.NoTouch {
			return nil, fmt.Errorf("line %d: an option before the key of an authority means nothing; leave it out", n)
		}
		public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(key.Public))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		keys = append(keys, public)
	}
	return keys, nil
}

// KeyRevoked tells whether a plain key, by its fingerprint (SHA256:…), is on the list. An error where the list cannot be
// read: then no key is to be taken.
func (a *Authorities) KeyRevoked(fingerprint string) (bool, error) {
	if a == nil {
		return false, nil
	}
	list, err := a.revoked.get()
	if err != nil {
		return true, fmt.Errorf("revoked SSH keys: %w", err)
	}
	return list.keys[fingerprint], nil
}

// Check reads a certificate in wire format and tells whom it names, from this address and at this moment. Its error is
// one of this package's, or that a file cannot be read.
func (a *Authorities) Check(wire []byte, remote netip.Addr) (Certificate, error) {
	if a == nil || len(wire) > maxCertificate {
		return Certificate{}, ErrUnknown
	}
	public, err := ssh.ParsePublicKey(wire)
	if err != nil {
		return Certificate{}, ErrUnknown
	}
	cert, ok := public.(*ssh.Certificate)
	if !ok {
		return Certificate{}, ErrUnknown
	}
	if err := a.known(cert); err != nil {
		return Certificate{}, err
	}
	for _, check := range []func(*ssh.Certificate) error{usable, a.alive} {
		if err := check(cert); err != nil {
			return Certificate{}, err
		}
	}
	if err := address(cert, remote); err != nil {
		return Certificate{}, err
	}
	if err := a.genuine(cert); err != nil {
		return Certificate{}, err
	}
	c := Certificate{KeyID: cert.KeyId, Serial: cert.Serial, Principals: cert.ValidPrincipals}
	if cert.ValidBefore <= 1<<62 {
		c.Expires = time.Unix(int64(cert.ValidBefore), 0).UTC()
	}
	return c, nil
}

// known asks whether one of our authorities is named as the signer, and whether anything of it was revoked.
func (a *Authorities) known(cert *ssh.Certificate) error {
	trusted, err := a.trusted.get()
	if err != nil {
		return fmt.Errorf("authorities of SSH certificates: %w", err)
	}
	signer := cert.SignatureKey.Marshal()
	if !slices.ContainsFunc(trusted, func(k ssh.PublicKey) bool { return bytes.Equal(k.Marshal(), signer) }) {
		return ErrUnknown
	}
	revoked, err := a.revoked.get()
	if err != nil {
		return fmt.Errorf("revoked SSH keys: %w", err)
	}
	if revoked.has(cert) {
		return ErrRevoked
	}
	return nil
}

// usable refuses what this server does not do: certificates of hosts, keys and signatures that are too weak, critical
// options other than source-address, and a certificate for whomever it likes.
func usable(cert *ssh.Certificate) error {
	if cert.CertType != ssh.UserCert {
		return fmt.Errorf("%w: it is not a user's", ErrUnusable)
	}
	if err := sshkey.Check(cert.Key); err != nil {
		return fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	if !slices.Contains(signatures(), cert.Signature.Format) {
		return fmt.Errorf("%w: it is signed by %s, which is too weak or not known; sign with: ssh-keygen -s CA -t rsa-sha2-512, or make an ed25519 authority",
			ErrUnusable, cert.Signature.Format)
	}
	for option := range cert.CriticalOptions {
		if option != sourceAddress {
			return fmt.Errorf("%w: it has the critical option %s, which this server cannot keep", ErrUnusable, option)
		}
	}
	if len(cert.ValidPrincipals) == 0 {
		return fmt.Errorf("%w: it names no principal; sign it with -n and a user name of this server", ErrUnusable)
	}
	return nil
}

// signatures are the algorithms by which an authority may sign: no SHA-1, no DSA.
func signatures() []string {
	return []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoRSASHA256,
		ssh.KeyAlgoRSASHA512, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256}
}

// alive asks whether the certificate is valid now; its times are seconds since 1970, the last one not in it.
func (a *Authorities) alive(cert *ssh.Certificate) error {
	now := uint64(max(a.now().Unix(), 0))
	switch {
	case now < cert.ValidAfter:
		return ErrNotYet
	case cert.ValidBefore != ssh.CertTimeInfinity && now >= cert.ValidBefore:
		return ErrExpired
	}
	return nil
}

// sourceAddress is the critical option that lists the networks from which a certificate may be used.
const sourceAddress = "source-address"

// address asks whether the client's address lies in the certificate's networks, where it has some. A list that cannot be
// read admits nobody.
func address(cert *ssh.Certificate, remote netip.Addr) error {
	list, ok := cert.CriticalOptions[sourceAddress]
	if !ok {
		return nil
	}
	remote = remote.Unmap()
	for entry := range strings.SplitSeq(list, ",") {
		if one, err := netip.ParseAddr(entry); err == nil {
			if one.Unmap() == remote {
				return nil
			}
			continue
		}
		network, err := netip.ParsePrefix(entry)
		if err != nil {
			return fmt.Errorf("%w: its source-address is not a list of networks", ErrUnusable)
		}
		if network.Contains(remote) {
			return nil
		}
	}
	return ErrAddress
}

// genuine verifies the authority's signature, and by the library's own rules everything once more.
func (a *Authorities) genuine(cert *ssh.Certificate) error {
	checker := ssh.CertChecker{SupportedCriticalOptions: []string{sourceAddress}, Clock: a.now}
	if err := checker.CheckCert(cert.ValidPrincipals[0], cert); err != nil {
		return fmt.Errorf("%w: its signature is wrong", ErrUnusable)
	}
	return nil
}
