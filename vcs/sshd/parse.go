package sshd

import (
	"errors"
	"fmt"
	"strings"

	"jeton/vcs/wire"
)

// The services that may be asked for.
const (
	uploadPack  = "git-upload-pack"
	receivePack = "git-receive-pack"
)

var errNoShell = errors.New("there is no shell here; this server answers git clone, fetch, push and archive --remote only")

// parse reads a command line as git sends it: git-upload-pack '/team/app.git', also with a space in place of the first
// dash, with or without quotes, slash and .git. It returns the service, one of the known, and the repository's path.
func parse(line string, known func(service string) bool) (service, path string, err error) {
	words, err := split(line)
	if err != nil {
		return "", "", err
	}
	if len(words) == 3 && words[0] == "git" {
		words = []string{"git-" + words[1], words[2]}
	}
	if len(words) == 0 || !known(words[0]) {
		return "", "", errNoShell
	}
	if len(words) != 2 {
		return "", "", fmt.Errorf("%s takes one repository", words[0])
	}
	path = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(words[1], "/"), "/"), ".git")
	if strings.HasPrefix(path, "~") {
		return "", "", errors.New("there are no home folders here; name the repository by its path, such as team/app")
	}
	return words[0], path, nil
}

// split cuts a line into words as a shell would, as far as git quotes: single quotes, and a backslash before one
// character. Whatever else would mean something to a shell is refused.
func split(line string) ([]string, error) {
	if len(line) > 4096 {
		return nil, errors.New("the command line is too long")
	}
	var words []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\'':
			end := strings.IndexByte(line[i+1:], '\'')
			if end < 0 {
				return nil, errors.New("a quote is not closed")
			}
			word.WriteString(line[i+1 : i+1+end])
			i += end + 1
			inWord = true
		case c == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
			inWord = true
		case c == ' ':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		case c < ' ' || c == 0x7f || strings.IndexByte("$`;&|<>()\"*?[]{}#!\\", c) >= 0:
			return nil, fmt.Errorf("%s; %s means nothing to it", errNoShell, wire.Escape(string(rune(c))))
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
