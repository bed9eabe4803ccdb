package wire

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestASecretIsMadeOnceAndReadByNobodyElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.key")
	first, err := secret(path)
	if err != nil || len(first) != secretSize {
		t.Fatalf("made %x, %v", first, err)
	}
	again, err := secret(path)
	if err != nil || !bytes.Equal(again, first) {
		t.Errorf("read %x, %v; want %x", again, err, first)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", st.Mode(), err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("left %v, %v", files, err)
	}
	other, err := secret(filepath.Join(dir, "y.key"))
	if err != nil || bytes.Equal(other, first) {
		t.Errorf("another is %x, %v", other, err)
	}
}

func TestABrokenSecretIsNotReplacedInSilence(t *testing.T) {
	for _, text := range []string{"", "abcd\n", strings.Repeat("x", 64), strings.Repeat("ab", 33)} {
		path := filepath.Join(t.TempDir(), "x.key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := secret(path); err == nil || !strings.Contains(err.Error(), "remove it") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := secret(filepath.Join(t.TempDir(), "none", "x.key")); err == nil {
		t.Error("made where there is no folder")
	}
}

func TestSignedPushesCanBeSwitchedOff(t *testing.T) {
	on, off := open(t, t.TempDir()), open(t, t.TempDir(), "JETON_RECEIVE_SIGNED_PUSHES=false")
	if on.Receive.Nonce("id") == "" || off.Receive.Nonce("id") != "" {
		t.Errorf("nonces are %q and %q", on.Receive.Nonce("id"), off.Receive.Nonce("id"))
	}
	if _, err := os.Stat(filepath.Join(off.Dir, "push-nonce.key")); err == nil {
		t.Error("a secret was made that nobody needs")
	}
}

func TestAFolderKeepsItsID(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "node")
	if err := os.WriteFile(path, nil, 0o600); err != nil { // a crash has left it empty
		t.Fatal(err)
	}
	id, err := nodeID(dir)
	if err != nil || id == "" {
		t.Fatalf("got %q, %v", id, err)
	}
	if again, err := nodeID(dir); again != id || err != nil {
		t.Errorf("got %q, %v, want %q again", again, err, id)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
}
