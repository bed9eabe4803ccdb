package door

import "net/http"

// Pass lets whoever may read a repository pass, for addresses that belong to git's door and are not served yet. It
// answers everybody else as git is answered, and returns false.
func (d *Door) Pass(w http.ResponseWriter, r *http.Request, repoPath string) bool {
	_, err := d.Admit(r, repoPath, "git-upload-pack")
	if err != nil {
		d.refuse(w, r, err, basicChallenge)
	}
	return err == nil
}
