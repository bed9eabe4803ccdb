package remote

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/ini.v1"

	"jeton/auth/token"
	"jeton/cmd/jeton/secretfile"
)

// Instance is one server as the file of servers has it.
type Instance struct {
	// Name is what stands behind "instance:" in its section's name.
	Name string
	// Host is the server's address, api_host.
	Host string
	// Key is the token, api_key.
	Key string
	// CAFile holds certificates to trust besides the system's, ca_file; "" for none. RhodeCode's tools do not read it.
	CAFile string
	// PlainHTTP allows an address without TLS that is not this machine, plain_http. RhodeCode's tools do not read it.
	PlainHTTP bool
}

// Hint is the beginning of the token, for people.
func (i Instance) Hint() string { return hint(i.Key) }

func hint(key string) string {
	if s, err := token.Parse(key); err == nil {
		return s.Hint()
	}
	if len(key) < 16 {
		return "…"
	}
	return key[:4] + "…"
}

// File is where servers and their tokens are kept: a section for each, as RhodeCode's tools write them.
//
//	[instance:work]
//	api_host = https://code.example.com
//	api_key = jet_api_…
//	repo_dir = …                        is RhodeCode's, and passed over
type File struct{ Path string }

// DefaultFile is ~/.jetonrc, or ~/.rhoderc where that alone is there.
func DefaultFile() (File, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return File{}, fmt.Errorf("find the home folder: %w", err)
	}
	own, theirs := filepath.Join(home, ".jetonrc"), filepath.Join(home, ".rhoderc")
	if exists(theirs) && !exists(own) {
		return File{theirs}, nil
	}
	return File{own}, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

const (
	// maxFile bounds the file, in bytes.
	maxFile = 1 << 20
	section = "instance:"
)

// Read lists the servers in the file's order; none where there is no file. secretfile.ErrOpenToOthers where others can
// read it.
func (f File) Read() ([]Instance, error) {
	text, err := secretfile.Read(f.Path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the servers: %w", err)
	}
	doc, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("read the servers: %s: %w", f.Path, err)
	}
	return instances(doc), nil
}

// options are those of Python's ConfigParser, which wrote many of these files, as far as they matter: both separators, no
// quotes, # and ; within a value are part of it.
func parse(text []byte) (*ini.File, error) {
	doc, err := ini.LoadSources(ini.LoadOptions{IgnoreInlineComment: true, IgnoreContinuation: true, PreserveSurroundedQuote: true,
		KeyValueDelimiters: "=:", AllowNonUniqueSections: false}, text)
	if err != nil {
		// The library's error holds the line, which may be a token.
		return nil, errors.New("it is not a file of lines `name = value` below `[instance:NAME]`")
	}
	return doc, nil
}

func instances(doc *ini.File) []Instance {
	var list []Instance
	for _, s := range doc.Sections() {
		name, ok := strings.CutPrefix(s.Name(), section)
		if !ok {
			continue
		}
		// Value, not String: a token is taken as it is, also where it holds %(…)s.
		list = append(list, Instance{Name: strings.TrimSpace(name), Host: s.Key("api_host").Value(), Key: s.Key("api_key").Value(),
			CAFile: s.Key("ca_file").Value(), PlainHTTP: s.Key("plain_http").MustBool()})
	}
	return list
}

// Save puts a server into the file, in the place of one of the same name, and leaves what else stands there.
func (f File) Save(i Instance) error {
	if err := i.check(); err != nil {
		return err
	}
	text, err := secretfile.Read(f.Path, maxFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the server: %w", err)
	}
	doc, err := parse(text)
	if err != nil {
		return fmt.Errorf("keep the server: %s: %w", f.Path, err)
	}
	kept := slices.DeleteFunc(instances(doc), func(other Instance) bool { return other.Name == i.Name })
	s := doc.Section(section + i.Name)
	for _, line := range []struct{ name, value string }{{"api_host", i.Host}, {"api_key", i.Key}, {"ca_file", i.CAFile}, {"plain_http", "true"}} {
		if line.value == "" || line.name == "plain_http" && !i.PlainHTTP {
			s.DeleteKey(line.name)
			continue
		}
		s.Key(line.name).SetValue(line.value)
	}
	var b bytes.Buffer
	if _, err := doc.WriteTo(&b); err != nil {
		return fmt.Errorf("keep the server: %w", err)
	}
	// The library writes some odd files in a way that it reads differently, or not at all.
	if again, err := parse(b.Bytes()); err != nil || !sameBut(instances(again), kept, i) {
		return fmt.Errorf("keep the server: %s cannot be written without changing what else stands there: add [instance:%s] by hand", f.Path, i.Name)
	}
	if err := secretfile.Write(f.Path, b.Bytes()); err != nil {
		return fmt.Errorf("keep the server: %w", err)
	}
	return nil
}

// sameBut tells whether a list is that of others and one more.
func sameBut(list, others []Instance, one Instance) bool {
	left := slices.DeleteFunc(slices.Clone(list), func(i Instance) bool { return i == one })
	return len(left) == len(list)-1 && slices.Equal(left, others)
}

// check refuses what the file's form would not bring back as it was.
func (i Instance) check() error {
	for what, text := range map[string]string{"the name": i.Name, "the token": i.Key, "the path of the certificates": i.CAFile} {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune("`\"'[]", r) }) ||
			strings.TrimSpace(text) != text {
			return fail(Invalid, "%s holds what the file of servers cannot: quotes, brackets, control characters, or spaces at its ends", what)
		}
	}
	if i.Name == "" || i.Key == "" || i.Host == "" {
		return errNotWhole
	}
	return nil
}
