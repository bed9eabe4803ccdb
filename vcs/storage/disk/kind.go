package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// ErrUnsupported says that a folder is a repository of a kind that is not served.
var ErrUnsupported = errors.New("repository of a kind that is not supported")

// supported refuses what would be read wrongly, each with a sentence that says what an administrator can do.
func (r *Repository) supported() error {
	f, err := os.Open(filepath.Join(r.dir, "config"))
	if err != nil {
		return err
	}
	defer f.Close()
	c := config.New()
	if err := config.NewDecoder(f).Decode(c); err != nil {
		return fmt.Errorf("read config: %w", err)
	}
	if err := extensions(c); err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(r.dir, "objects/info/alternates"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(strings.TrimSpace(string(b))) > 0 {
		return fmt.Errorf("it borrows objects from another repository (objects/info/alternates); run `git repack -a -d` and remove that file: %w", ErrUnsupported)
	}
	return nil
}

// extensions refuses what the config says of the repository's format (Documentation/technical/repository-version). An
// extension that is not known may change anything, so that git refuses it too.
func extensions(c *config.Config) error {
	version := c.Section("core").Option("repositoryformatversion")
	if version != "" && version != "0" && version != "1" {
		return fmt.Errorf("its format version %.20q is not known: %w", version, ErrUnsupported)
	}
	for _, o := range c.Section("extensions").Options {
		switch key, value := strings.ToLower(o.Key), strings.ToLower(o.Value); {
		case key == "objectformat" && value != "sha1":
			return fmt.Errorf("its objects are named by %.20q; make it anew with `git init --object-format=sha1`: %w", o.Value, ErrUnsupported)
		case key == "refstorage" && value != "files":
			return fmt.Errorf("it keeps its refs as %.20q and not in files; run `git refs migrate --ref-format=files`: %w", o.Value, ErrUnsupported)
		case key == "partialclone":
			return fmt.Errorf("it is a partial clone, which lacks objects; fetch them from %.60q first: %w", o.Value, ErrUnsupported)
		case key == "objectformat", key == "refstorage", key == "noop", key == "noop-v1", key == "worktreeconfig":
		case version == "1":
			return fmt.Errorf("its extension %.40q is not known: %w", o.Key, ErrUnsupported)
		}
	}
	return nil
}

// foldsCase reports whether the file system of a repository takes names that differ in case alone for one.
func foldsCase(dir string) bool {
	a, err := os.Lstat(filepath.Join(dir, "HEAD"))
	if err != nil {
		return false
	}
	b, err := os.Lstat(filepath.Join(dir, "hEAD"))
	return err == nil && os.SameFile(a, b)
}
