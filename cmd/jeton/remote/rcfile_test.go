package remote

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"jeton/cmd/jeton/secretfile"
)

const apiToken = "jet_api_0123456789ABCDEFGHIJabcdefghijKL0yZQIv"

func fileOf(t *testing.T, text string) File {
	t.Helper()
	f := File{filepath.Join(t.TempDir(), "rc")}
	if err := os.WriteFile(f.Path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

const sampleFile = `# Servers.
[DEFAULT]
format = json

[instance:enterprise-1]
api_host = http://127.0.0.1:10000
api_key = 0123456789abcdef0123456789abcdef01234567
repo_dir = /home/ada/repos

[instance:work]
api_host: https://code.example.com/git/
api_key: ` + apiToken + `
ca_file = /etc/ssl/our ca.pem
plain_http = true
; a comment

[other]
x = %(y)s # and this is part of it
`

func TestFileOfServersIsRead(t *testing.T) {
	got, err := fileOf(t, sampleFile).Read()
	want := []Instance{{"enterprise-1", "http://127.0.0.1:10000", "0123456789abcdef0123456789abcdef01234567", "", false},
		{"work", "https://code.example.com/git/", apiToken, "/etc/ssl/our ca.pem", true}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got[0].Hint() != "0123…" || got[1].Hint() != "jet_api_0123…" || (Instance{Key: "short"}).Hint() != "…" {
		t.Errorf("hints: %q, %q", got[0].Hint(), got[1].Hint())
	}
	if none, err := (File{filepath.Join(t.TempDir(), "none")}).Read(); err != nil || none != nil {
		t.Errorf("no file: %v, %v", none, err)
	}
}

func TestFileThatCannotBeReadEchoesNothingOfIt(t *testing.T) {
	for _, text := range []string{"api_key " + apiToken + "\n", "[instance:x\napi_key = " + apiToken, "[instance:x]\n= " + apiToken} {
		if _, err := fileOf(t, text).Read(); err == nil || strings.Contains(err.Error(), "jet_api_0") || !strings.Contains(err.Error(), "[instance:NAME]") {
			t.Errorf("%q: %v", text, err)
		}
	}
	f := fileOf(t, sampleFile)
	if err := os.Chmod(f.Path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(); !errors.Is(err, secretfile.ErrOpenToOthers) || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("readable by others: %v", err)
	}
	if err := f.Save(Instance{Name: "a", Host: "https://h", Key: "k"}); !errors.Is(err, secretfile.ErrOpenToOthers) {
		t.Errorf("saved to a file that others can read: %v", err)
	}
}

func TestSavingKeepsWhatElseIsThere(t *testing.T) {
	f := fileOf(t, sampleFile)
	changed := Instance{"work", "https://new.example.com", "k=e:y#;%()s", "", false}
	added := Instance{"third server", "https://h", apiToken, "/a b", true}
	for _, i := range []Instance{changed, added} {
		if err := f.Save(i); err != nil {
			t.Fatal(err)
		}
	}
	got, err := f.Read()
	if err != nil || len(got) != 3 || got[0].Name != "enterprise-1" || got[1] != changed || got[2] != added {
		t.Errorf("got %+v, %v", got, err)
	}
	text, _ := os.ReadFile(f.Path)
	for _, kept := range []string{"# Servers.", "repo_dir", "/home/ada/repos", "; a comment", "[other]", "%(y)s # and this is part of it"} {
		if !strings.Contains(string(text), kept) {
			t.Errorf("%q is gone from\n%s", kept, text)
		}
	}
	if info, err := os.Stat(f.Path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for _, wrong := range []Instance{{"", "h", "k", "", false}, {"a", "", "k", "", false}, {"a", "h", "", "", false}, {"a]", "h", "k", "", false}, {"a", "h", "k\nx", "", false},
		{"a", "h", `"k"`, "", false}, {"a", "h", " k", "", false}} {
		if err := f.Save(wrong); err == nil {
			t.Errorf("saved %+v", wrong)
		}
	}
}

func TestTheOwnFileComesBeforeRhodeCodes(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	for _, row := range []struct{ make, want string }{{"", ".jetonrc"}, {".rhoderc", ".rhoderc"}, {".jetonrc", ".jetonrc"}} {
		if row.make != "" {
			if err := os.WriteFile(filepath.Join(home, row.make), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if f, err := DefaultFile(); err != nil || filepath.Base(f.Path) != row.want {
			t.Errorf("after %q: %v, %v, want %s", row.make, f, err, row.want)
		}
	}
}

// Whatever a file holds is read or refused, and what is saved into it is read again as it was.
func FuzzFileOfServers(f *testing.F) {
	for _, seed := range []string{sampleFile, "", "[instance:]\napi_key=", "[instance:a]\n[instance:a]\napi_key=`x`\n", "a=\"\"\"\nx", "\ufeff[instance:b]\r\napi_host: x\r\n"} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		file := File{filepath.Join(dir, "rc")}
		if err := secretfile.Write(file.Path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		before, err := file.Read()
		if err != nil {
			return
		}
		added := Instance{"added by a test", "https://h", apiToken, "", true}
		if file.Save(added) != nil {
			return
		}
		after, err := file.Read()
		if err != nil || !slices.Contains(after, added) || len(after) < len(before) {
			t.Errorf("%q: before %+v, after %+v, %v", text, before, after, err)
		}
	})
}
