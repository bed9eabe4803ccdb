package door

import (
	"net/http"

	"jeton/auth/gate"
)

// Pass lets whoever may read a repository pass, for addresses that belong to git's door and are not served yet. It
// answers everybody else as git is answered, and returns false.
func (d *Door) Pass(w http.ResponseWriter, r *http.Request, repoPath string) bool {
	_, err := d.Admit(r, repoPath, "git-upload-pack")
	if err != nil {
		d.refuse(w, r, err, basicChallenge)
	}
	return err == nil
}

// PassBelow does as Pass for a path that may go on behind the repository's, and answers the part of it that leads there.
// What is not there and what may not be read is one and the same, also in how it is answered.
func (d *Door) PassBelow(w http.ResponseWriter, r *http.Request, path string) (asked string, ok bool) {
	grant, err := d.ask(r, gate.Resource{Path: path, Below: true}, gate.Read)
	if err != nil {
		d.refuse(w, r, err, basicChallenge)
		return "", false
	}
	return grant.Asked, true
}
