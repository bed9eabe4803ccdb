package disk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/storage"
)

// log appends to the reflogs, as core.logAllRefUpdates makes git do, and for HEAD when its branch moves. A reflog is for
// people: one that cannot be written does not undo a push, and is told to the operator.
func (t *transaction) log() {
	for i, u := range t.b.Updates {
		if !t.done[i] || u.Symref != "" || u.New.IsZero() {
			continue
		}
		if t.r.logged(u.Name) {
			t.tell(u.Name, t.r.appendLog(u.Name, reflogLine(t.b, u.Old, u.New)))
		}
		if t.head == u.Name {
			t.tell("HEAD", t.r.appendLog("HEAD", reflogLine(t.b, u.Old, u.New)))
		}
	}
}

// tell logs what went wrong with something that is no reason to fail.
func (t *transaction) tell(refName string, err error) {
	if err != nil {
		t.r.o.log().Error("reflog cannot be written", "repository", t.r.id, "ref", refName, "error", err)
	}
}

// logged reports whether moves of a ref are noted: those that git notes by itself, and those that have a log.
func (r *Repository) logged(refName string) bool {
	for _, prefix := range []string{"refs/heads/", "refs/remotes/", "refs/notes/"} {
		if strings.HasPrefix(refName, prefix) {
			return true
		}
	}
	st, err := os.Lstat(r.logPath(refName))
	return err == nil && st.Mode().IsRegular()
}

func (r *Repository) logPath(refName string) string {
	return filepath.Join(r.dir, "logs", filepath.FromSlash(refName))
}

func (r *Repository) appendLog(refName, line string) error {
	path := r.logPath(refName)
	if st, err := os.Lstat(path); err == nil && st.IsDir() {
		clearFolders(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// dropLog removes the log of a deleted ref, as git does, and the folders that it leaves empty.
func (r *Repository) dropLog(refName string) {
	path := r.logPath(refName)
	if os.Remove(path) == nil {
		dropEmpty(filepath.Dir(path), filepath.Join(r.dir, "logs/refs"))
	}
}

// reflogLine is one line of a reflog: old and new id, who, when, and behind a tab why and with which credential.
func reflogLine(b storage.Batch, from, to oid.ID) string {
	reason := b.Reason
	if b.Actor.Credential != "" {
		reason += " (" + b.Actor.Credential + ")"
	}
	who, mail := ident(b.Actor.Name), ident(b.Actor.Email)
	if who == "" {
		who = "unknown"
	}
	return fmt.Sprintf("%s %s %s <%s> %d +0000\t%s\n", from, to, who, mail, time.Now().Unix(), escape(reason))
}

// ident is a name or address as it may stand in a log: without the brackets that end an address.
func ident(s string) string {
	return strings.TrimSpace(escape(strings.NewReplacer("<", "", ">", "").Replace(s)))
}

// escape writes out what would break a line, or play with the terminal that shows it.
func escape(s string) string {
	var b strings.Builder
	for _, c := range strings.ToValidUTF8(s, "?") {
		switch {
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		case unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// trimLogs drops the lines of all reflogs that name objects which set lacks: git takes such a line for damage.
func (r *Repository) trimLogs(set *pack.Set) error {
	root := filepath.Join(r.dir, "logs")
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == root {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return trimLog(path, set)
	})
}

// trimLog rewrites one reflog without lines about objects that are not there; most have none and stay as they are.
func trimLog(path string, set *pack.Set) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var kept strings.Builder
	dropped := false
	for in := bufio.NewReader(f); ; {
		line, err := in.ReadString('\n')
		if err != nil && err != io.EOF {
			return err
		}
		if there, ferr := bothThere(line, set); ferr != nil {
			return ferr
		} else if there {
			kept.WriteString(line)
		} else {
			dropped = true
		}
		if err == io.EOF {
			break
		}
	}
	if !dropped {
		return nil
	}
	if err := writeSynced(path+".lock", []byte(kept.String()), 0o640); err != nil {
		return err
	}
	return os.Rename(path+".lock", path)
}

// bothThere reports whether the objects that a line begins with are there; of a line that is none of a reflog, too.
func bothThere(line string, set *pack.Set) (bool, error) {
	for i, f := range strings.SplitN(line, " ", 3) {
		id, ok := oid.Parse(f)
		if i == 2 || !ok {
			break
		}
		if id.IsZero() {
			continue
		}
		if _, ok, err := set.Find(id); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}
