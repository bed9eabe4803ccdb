package sshd

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	gossh "golang.org/x/crypto/ssh"
)

// hostKeys reads the host keys of a folder, in OpenSSH's format, and makes those that are not there. Three kinds: old
// Java clients know no ed25519, and some know ecdsa alone.
func hostKeys(dir string) ([]gossh.Signer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var keys []gossh.Signer
	for _, k := range []struct {
		name string
		make func() (crypto.PrivateKey, error)
	}{
		{"ed25519", func() (crypto.PrivateKey, error) { _, k, err := ed25519.GenerateKey(rand.Reader); return k, err }},
		{"ecdsa", func() (crypto.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }},
		{"rsa", func() (crypto.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 3072) }},
	} {
		path := filepath.Join(dir, "host_"+k.name)
		signer, err := readKey(path)
		if errors.Is(err, fs.ErrNotExist) {
			signer, err = makeKey(path, k.make)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if signer, err = modern(signer); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		keys = append(keys, signer)
	}
	return keys, nil
}

// modern keeps an RSA key from signing with SHA-1.
func modern(s gossh.Signer) (gossh.Signer, error) {
	if s.PublicKey().Type() != gossh.KeyAlgoRSA {
		return s, nil
	}
	with, ok := s.(gossh.AlgorithmSigner)
	if !ok {
		return nil, errors.New("key cannot sign with SHA-2")
	}
	return gossh.NewSignerWithAlgorithms(with, []string{gossh.KeyAlgoRSASHA256, gossh.KeyAlgoRSASHA512})
}

func readKey(path string) (gossh.Signer, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return gossh.ParsePrivateKey(b)
}

// makeKey makes a key and puts it in place in one step.
func makeKey(path string, generate func() (crypto.PrivateKey, error)) (gossh.Signer, error) {
	key, err := generate()
	if err != nil {
		return nil, err
	}
	block, err := gossh.MarshalPrivateKey(key, "jeton host key")
	if err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "new-") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(pem.EncodeToMemory(block))
	if err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return nil, err
	}
	return gossh.NewSignerFromKey(key)
}
