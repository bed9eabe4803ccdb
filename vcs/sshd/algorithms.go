package sshd

import gossh "golang.org/x/crypto/ssh"

// algorithms are those of the transport, best first, named one by one so that an update of the library changes none of
// them silently: no SHA-1, no CBC, no group of less than 2,048 bits. mlkem768x25519-sha256 keeps what is recorded today
// from the quantum computers of tomorrow. ecdh-sha2-nistp256, aes128-ctr and hmac-sha2-256 are what JSch 0.1.54 shares
// with us.
func algorithms() gossh.Config {
	return gossh.Config{
		KeyExchanges: []string{gossh.KeyExchangeMLKEM768X25519, gossh.KeyExchangeCurve25519, gossh.KeyExchangeECDHP256, gossh.KeyExchangeECDHP384,
			gossh.KeyExchangeECDHP521, gossh.KeyExchangeDH16SHA512, gossh.KeyExchangeDH14SHA256},
		Ciphers: []string{gossh.CipherAES128GCM, gossh.CipherAES256GCM, gossh.CipherChaCha20Poly1305, gossh.CipherAES128CTR,
			gossh.CipherAES192CTR, gossh.CipherAES256CTR},
		MACs: []string{gossh.HMACSHA256ETM, gossh.HMACSHA512ETM, gossh.HMACSHA256, gossh.HMACSHA512},
	}
}

// signatures are the algorithms by which clients may sign, told to them as server-sig-algs (RFC 8308 section 3.1). For
// certificates it is that of the key within.
func signatures() []string {
	return []string{gossh.KeyAlgoED25519, gossh.KeyAlgoSKED25519, gossh.KeyAlgoSKECDSA256, gossh.KeyAlgoECDSA256, gossh.KeyAlgoECDSA384,
		gossh.KeyAlgoECDSA521, gossh.KeyAlgoRSASHA256, gossh.KeyAlgoRSASHA512}
}
