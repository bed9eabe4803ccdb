package content

import (
	"bytes"
	"crypto/md5" //nolint:gosec // RhodeCode's checksum, which protects nothing
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"jeton/vcs/oid"
	"jeton/web/api/method"
)

// blob is what is told of a file's content.
type blob struct {
	md5    string
	binary bool // it holds a NUL
	size   int64
	lines  int64  // RhodeCode's count: of newlines, and one where there is none in some text
	data   []byte // nil where it was not wanted, or is longer than was wanted
	kept   bool
}

// purse is what the files of one answer may still cost.
type purse struct {
	read, content int64 // bytes
}

var (
	errRead    = errors.New("more is to be read")
	errContent = errors.New("more is to be told")
)

// look reads a blob as a stream, and keeps it where it is wanted and no longer than most (-1: however long the answer may
// be). errRead, errContent where the answer's bounds are met.
func (q *query) look(id oid.ID, wanted bool, most int64, p *purse) (blob, error) {
	_, size, err := q.set.Header(id)
	if err != nil {
		return blob{}, err
	}
	if p.read -= size; p.read < 0 {
		return blob{}, errRead
	}
	b := blob{size: size, kept: wanted && (most < 0 || size <= most)}
	o, err := q.set.Open(id, q.limits.Read)
	if err != nil {
		return b, fmt.Errorf("read file: %w", err)
	}
	defer o.Close()
	sum := md5.New() //nolint:gosec // as above
	var kept bytes.Buffer
	buf := make([]byte, 64<<10)
	for {
		if err := q.ctx.Err(); err != nil {
			return b, err
		}
		n, err := o.Read(buf)
		sum.Write(buf[:n])
		b.lines += int64(bytes.Count(buf[:n], []byte("\n")))
		b.binary = b.binary || bytes.IndexByte(buf[:n], 0) >= 0
		if b.kept && size <= p.content {
			kept.Write(buf[:n])
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return b, fmt.Errorf("read file: %w", err)
		}
	}
	if b.lines == 0 && size > 0 {
		b.lines = 1
	}
	b.md5 = hex.EncodeToString(sum.Sum(nil))
	if b.kept && size > p.content {
		return b, errContent
	}
	b.data = kept.Bytes()
	return b, nil
}

// told is a file's content for a reply: as it is where it is UTF-8, else in base64, which encoding says.
func told(data []byte) (content, encoding *string) {
	s, form := string(data), (*string)(nil)
	if !utf8.Valid(data) {
		name := "base64"
		s, form = base64.StdEncoding.EncodeToString(data), &name
	}
	return &s, form
}

// extension is RhodeCode's: what stands behind the last dot of the name, or all of a name without one.
func extension(p string) string {
	name := path.Base(p)
	return text(name[strings.LastIndexByte(name, '.')+1:])
}

// mimetype is what a file is taken for by its name, and where that tells nothing by whether it is text.
func mimetype(p string, binary bool) string {
	if t := byName(strings.ToLower(extension(p))); t != "" {
		return t
	}
	if binary {
		return "application/octet-stream"
	}
	return "text/plain"
}

// byName knows the endings that are met most, by the types that Python and Pygments have for them, since RhodeCode asks
// these; the machine's own table is not asked, so that all servers answer alike.
func byName(ending string) string {
	switch ending {
	case "py":
		return "text/x-python"
	case "md", "markdown":
		return "text/x-markdown"
	case "rst":
		return "text/x-rst"
	case "c", "h":
		return "text/x-csrc"
	case "cpp", "hpp", "cc":
		return "text/x-c++src"
	case "go":
		return "text/x-gosrc"
	case "java":
		return "text/x-java"
	case "rb":
		return "text/x-ruby"
	case "sh":
		return "application/x-sh"
	case "js":
		return "application/javascript"
	case "css":
		return "text/css"
	case "html", "htm":
		return "text/html"
	case "xml":
		return "text/xml"
	case "json":
		return "application/json"
	case "yaml", "yml":
		return "text/x-yaml"
	case "ini", "cfg":
		return "text/x-ini"
	case "csv":
		return "text/csv"
	case "txt":
		return "text/plain"
	case "png", "gif":
		return "image/" + ending
	case "jpg", "jpeg":
		return "image/jpeg"
	case "svg":
		return "image/svg+xml"
	case "pdf", "zip":
		return "application/" + ending
	case "gz", "tgz":
		return "application/gzip"
	case "tar":
		return "application/x-tar"
	}
	return ""
}

// tooMuch is the sentence for an answer whose files are more than is read or told; nil where the error is another.
func (q *query) tooMuch(err error, whose, how string) error {
	switch {
	case errors.Is(err, errRead):
		return method.Fail(method.TooLarge, "%s: the files are more than the %d bytes that the server reads for one answer. %s", whose, q.limits.Read, how)
	case errors.Is(err, errContent):
		return method.Fail(method.TooLarge, "%s: the files are more than the %d bytes that one answer holds. %s", whose, q.limits.Bytes, how)
	}
	return nil
}
