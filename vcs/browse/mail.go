package browse

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// maxLine is how long a line of a header is made, in bytes; maxEncoded one with encoded words (RFC 2047, section 2).
	maxLine    = 78
	maxEncoded = 76
	charset    = "UTF-8"
)

// writeMail writes the header and the message of a commit, as git-format-patch does (its "DESCRIPTION"). The date in the
// first line is the same for all, so that programs know such a file.
func writeMail(out *bytes.Buffer, c Commit, tag string) {
	fmt.Fprintf(out, "From %s Mon Sep 17 00:00:00 2001\n", c.ID)
	writeFrom(out, c.Author)
	fmt.Fprintf(out, "Date: %s\n", c.Author.When.Format("Mon, 2 Jan 2006 15:04:05 -0700"))
	fmt.Fprintf(out, "Subject: [%s] ", tag)
	if needsEncoding(c.Subject) {
		writeEncoded(out, c.Subject, inSubject)
	} else {
		writeFolded(out, c.Subject, maxLine)
	}
	out.WriteByte('\n')
	if strings.ContainsFunc(c.Message, notASCII) {
		fmt.Fprintf(out, "MIME-Version: 1.0\nContent-Type: text/plain; charset=%s\nContent-Transfer-Encoding: 8bit\n", charset)
	}
	out.WriteByte('\n')
	if c.Body != "" {
		out.WriteString(c.Body)
		out.WriteByte('\n')
	}
}

// writeFrom writes who wrote the commit.
func writeFrom(out *bytes.Buffer, p Person) {
	out.WriteString("From: ")
	limit := maxLine
	switch {
	case needsEncoding(p.Name):
		writeEncoded(out, p.Name, inAddress)
		limit = maxEncoded
	case strings.ContainsAny(p.Name, `()<>[]:;@\,."`):
		writeFolded(out, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(p.Name)+`"`, maxLine)
	default:
		writeFolded(out, p.Name, maxLine)
	}
	if column(out)+len(" <>")+len(p.Email) > limit {
		out.WriteByte('\n')
	}
	fmt.Fprintf(out, " <%s>\n", p.Email)
}

// notASCII are characters that 7-bit mail may not hold; ESC begins other character sets in it (RFC 1468).
func notASCII(r rune) bool { return r >= utf8.RuneSelf || r == 0x1b }

// needsEncoding reports whether a text cannot stand in a header as it is.
func needsEncoding(s string) bool {
	return strings.ContainsFunc(s, notASCII) || strings.Contains(s, "=?") || strings.Contains(s, "\n")
}

// column is how long the last line is.
func column(out *bytes.Buffer) int {
	return out.Len() - 1 - bytes.LastIndexByte(out.Bytes(), '\n')
}

// place is where an encoded word stands: in an address fewer characters may stand as they are (RFC 2047, section 5).
type place int

const (
	inSubject place = iota
	inAddress
)

// writeEncoded writes a text as encoded words, in Q encoding; no character is cut in two (RFC 2047, section 5).
func writeEncoded(out *bytes.Buffer, s string, in place) {
	const begin = "=?" + charset + "?q?"
	length := column(out) + len(begin)
	out.WriteString(begin)
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		char := s[:n]
		s = s[n:]
		plain := n == 1 && r != utf8.RuneError && standsPlain(char[0], in)
		size := n
		if !plain {
			size = 3 * n
		}
		if length+size+len("?=") > maxEncoded {
			out.WriteString("?=\n " + begin)
			length = len(begin) + 1
		}
		length += size
		if plain {
			out.WriteString(char)
			continue
		}
		for i := range n {
			fmt.Fprintf(out, "=%02X", char[i])
		}
	}
	out.WriteString("?=")
}

func standsPlain(c byte, in place) bool {
	letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
	if in == inAddress {
		return letter || strings.IndexByte("!*+-/", c) >= 0
	}
	return c > ' ' && c < 0x7f && strings.IndexByte("=?_", c) < 0
}

// writeFolded writes a text and begins a new line, with a blank, at the last blank at which the line is not too long yet
// (RFC 5322, section 2.2.3). Words are never cut.
func writeFolded(out *bytes.Buffer, s string, limit int) {
	at := column(out)
	for {
		n := wordEnd(s)
		word := s[:n]
		if at+len(word) > limit {
			out.WriteByte('\n')
			at = 0
			word = " " + strings.TrimLeft(word, " \t")
		}
		out.WriteString(word)
		at += len(word)
		if s = s[n:]; s == "" {
			return
		}
	}
}

// wordEnd is where the first word of a text ends; the blanks before a word belong to it.
func wordEnd(s string) int {
	n := 0
	for n < len(s) && (s[n] == ' ' || s[n] == '\t') {
		n++
	}
	for n < len(s) && s[n] != ' ' && s[n] != '\t' {
		n++
	}
	return n
}
