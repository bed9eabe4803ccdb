package disk

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
)

// A roots file is text: a first line that says what is known, an id a line, and a checksum of all before.
//
//	closed | roots | unknown
//	<id>
//	except <id>
//	crc32 <8 hexadecimal digits>
const (
	rootsClosed  = "closed"
	rootsOpen    = "roots"
	rootsUnknown = "unknown"
	rootsExcept  = "except "
)

func (r *Repository) rootsPath(name string) string {
	return filepath.Join(r.dir, "jeton", name+".roots")
}

// encodeRoots writes what is known of a pack; nil is written too, as the sign that Jeton has made the pack.
func encodeRoots(roots *pack.Roots) []byte {
	var b bytes.Buffer
	switch {
	case roots == nil:
		b.WriteString(rootsUnknown)
	case roots.Closed:
		b.WriteString(rootsClosed)
	default:
		b.WriteString(rootsOpen)
	}
	b.WriteByte('\n')
	if roots != nil {
		for _, id := range roots.IDs {
			b.WriteString(id.String() + "\n")
		}
		for _, id := range roots.Except {
			b.WriteString(rootsExcept + id.String() + "\n")
		}
	}
	fmt.Fprintf(&b, "crc32 %08x\n", crc32.ChecksumIEEE(b.Bytes()))
	return b.Bytes()
}

// readRoots reads what is known of a pack. A file that is missing or odd in any way tells nothing: roots make answers
// faster and are needed for none.
func (r *Repository) readRoots(name string) *pack.Roots {
	b, err := os.ReadFile(r.rootsPath(name))
	if err != nil {
		return nil
	}
	return decodeRoots(b)
}

func decodeRoots(b []byte) *pack.Roots {
	at := bytes.LastIndex(b, []byte("crc32 "))
	if at < 0 || string(b[at:]) != fmt.Sprintf("crc32 %08x\n", crc32.ChecksumIEEE(b[:at])) {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(string(b[:at]), "\n"), "\n")
	if lines[0] != rootsClosed && lines[0] != rootsOpen {
		return nil
	}
	roots := &pack.Roots{Closed: lines[0] == rootsClosed}
	for _, line := range lines[1:] {
		hex, except := strings.CutPrefix(line, rootsExcept)
		id, ok := oid.Parse(hex)
		switch {
		case !ok:
			return nil
		case except:
			roots.Except = append(roots.Except, id)
		default:
			roots.IDs = append(roots.IDs, id)
		}
	}
	return roots
}
