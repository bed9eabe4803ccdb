package browse

import (
	"bytes"
	"mime"
	"net/mail"
	"strconv"
	"strings"
	"testing"
)

func TestQuote(t *testing.T) {
	for path, want := range map[string]string{
		"a/b c":                "a/b c",
		"tab\tx":               `"tab\tx"`,
		"ü":                    `"\303\274"`,
		"\"\\":                 `"\"\\"`,
		"\x01\a\b\n\v\f\r\x7f": `"\001\a\b\n\v\f\r\177"`,
	} {
		if got := quote(path); got != want {
			t.Errorf("quote(%q) = %s, want %s", path, got, want)
		}
	}
}

func FuzzQuote(f *testing.F) {
	f.Add("a b")
	f.Add("\xff\n\"\\é")
	f.Fuzz(func(t *testing.T, path string) {
		got := quote(path)
		if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
			t.Fatalf("%q holds what is not plain ASCII", got)
		}
		if !strings.HasPrefix(got, `"`) {
			if got != path {
				t.Fatalf("quote(%q) = %s", path, got)
			}
			return
		}
		if back, err := strconv.Unquote(got); err != nil || back != path {
			t.Fatalf("%s is %q (%v), want %q", got, back, err, path)
		}
	})
}

// readMail reads the header of a patch with the standard library's parser.
func readMail(t *testing.T, c Commit) (from *mail.Address, subject string) {
	t.Helper()
	var b bytes.Buffer
	writeMail(&b, c, "PATCH")
	_, rest, _ := strings.Cut(b.String(), "\n")
	m, err := mail.ReadMessage(strings.NewReader(rest))
	if err != nil {
		t.Fatalf("%v:\n%s", err, rest)
	}
	for line := range strings.Lines(rest) {
		if line == "\n" {
			break
		}
		if strings.Contains(line, "=?UTF-8?q?") && len(line) > maxEncoded+1 {
			t.Fatalf("line is %d bytes long: %q", len(line), line)
		}
	}
	subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := m.Header.AddressList("From")
	if err != nil || len(list) != 1 {
		t.Fatalf("From %q: %v", m.Header.Get("From"), err)
	}
	return list[0], subject
}

// FuzzMail writes mails of any commit, which a parser must read back: nothing of a name or a subject gets out of its line.
func FuzzMail(f *testing.F) {
	f.Add("tree x\nauthor Jürgen \"J.\" G <j@example.com> 1 +0100\n\nsubject\n\nbody")
	f.Add("author A\rB <a@\nb> 1 +0100\nencoding ISO-8859-1\n\n=?x?q?=20?=\r\n\x00\n\xff\n\n")
	f.Add("author " + strings.Repeat("名", 40) + " <> 99999999999999999999 +9999\n\n" + strings.Repeat("ü ", 100))
	f.Fuzz(func(t *testing.T, data string) {
		c := parse([]byte(data))
		var b bytes.Buffer
		writeMail(&b, c, "PATCH")
		head, _, ok := strings.Cut(b.String(), "\n\n")
		if !ok {
			t.Fatalf("no end of the header: %q", b.String())
		}
		fields := 0
		for i, line := range strings.Split(head, "\n") {
			switch name, _, _ := strings.Cut(line, ":"); {
			case i == 0 || strings.HasPrefix(line, " "):
			case name == "From" || name == "Date" || name == "Subject" || name == "MIME-Version" || name == "Content-Type" || name == "Content-Transfer-Encoding":
				fields++
			default:
				t.Fatalf("line %q in\n%s", line, head)
			}
		}
		if fields != 3 && fields != 6 {
			t.Fatalf("%d fields in\n%s", fields, head)
		}
	})
}

func TestMailsReadBack(t *testing.T) {
	for _, name := range []string{"Ada", "Jürgen Größe", `A "B." C`, "x=?y", strings.Repeat("名前 ", 12) + "z"} {
		for _, subject := range []string{"plain", "ü", strings.Repeat("long ", 40) + "end", strings.Repeat("ä", 200), "=?UTF-8?q?x?="} {
			c := Commit{Author: Person{Name: name, Email: "a@example.com"}, Subject: subject, Message: subject}
			from, got := readMail(t, c)
			if from.Name != name || from.Address != "a@example.com" {
				t.Errorf("%q is read as %v", name, from)
			}
			if got != "[PATCH] "+subject {
				t.Errorf("%q is read as %q", subject, got)
			}
		}
	}
}

func FuzzBase85(f *testing.F) {
	f.Add([]byte("a"))
	f.Add(bytes.Repeat([]byte{0xff}, 53))
	f.Fuzz(func(t *testing.T, data []byte) {
		var b bytes.Buffer
		base85(&b, data)
		var back []byte
		for line := range strings.Lines(b.String()) {
			n := int(line[0]-'A') + 1
			if line[0] >= 'a' {
				n = int(line[0]-'a') + 27
			}
			back = append(back, decode85(t, strings.TrimSuffix(line[1:], "\n"))[:n]...)
		}
		if !bytes.Equal(back, data) {
			t.Fatalf("%q comes back as %q", data, back)
		}
	})
}

func decode85(t *testing.T, s string) []byte {
	var out []byte
	for ; len(s) >= 5; s = s[5:] {
		n := uint64(0)
		for i := range 5 {
			n = n*85 + uint64(strings.IndexByte(digits85, s[i]))
		}
		if n > 1<<32-1 {
			t.Fatalf("%q is more than four bytes", s[:5])
		}
		out = append(out, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return out
}

// FuzzTexts prints the hunks of any two texts, and makes the second of the first by them.
func FuzzTexts(f *testing.F) {
	f.Add([]byte("a\nb\nc"), []byte("a\nc\n"), 1)
	f.Add([]byte(""), []byte("\n\n"), 0)
	f.Fuzz(func(t *testing.T, a, b []byte, context int) {
		p := &printer{comparison: &comparison{o: DiffOptions{Context: context % 5}.withDefaults()}}
		p.text(pair{from: file{path: "f", mode: 0o100644}, to: file{path: "f", mode: 0o100644}}, a, b, &printed{})
		if got := patched(t, a, p.out.String()); !bytes.Equal(got, b) {
			t.Fatalf("%q becomes %q by\n%s\nwant %q", a, got, p.out.String(), b)
		}
	})
}

// patched applies hunks as simply as can be.
func patched(t *testing.T, a []byte, diff string) []byte {
	rest := bytes.SplitAfter(a, []byte{'\n'})
	var out []byte
	at := 0
	take := func(n int) {
		for ; at < n; at++ {
			out = append(out, rest[at]...)
		}
	}
	all := strings.SplitAfter(diff, "\n")
	for i := 0; i < len(all); i++ {
		line := all[i]
		if i+1 < len(all) && strings.HasPrefix(all[i+1], `\ No newline`) {
			line = strings.TrimSuffix(line, "\n")
		}
		switch {
		case i < 2 || line == "" || line[0] == '\\':
		case strings.HasPrefix(line, "@@ -"):
			first, count, ok := strings.Cut(strings.Fields(line)[1][1:], ",")
			n, err := strconv.Atoi(first)
			if err != nil {
				t.Fatal(err)
			}
			if !ok || count != "0" {
				n--
			}
			take(n)
		case line[0] == '+':
			out = append(out, line[1:]...)
		default:
			if string(rest[at]) != line[1:] {
				t.Fatalf("line %d is %q, the hunk has %q", at, rest[at], line)
			}
			if line[0] == ' ' {
				out = append(out, rest[at]...)
			}
			at++
		}
	}
	take(len(rest))
	return out
}
