package db

import (
	"fmt"
	"testing"
)

// TestPathsBecomeGroups migrates repositories that had paths alone, with all that refers to them.
func TestPathsBecomeGroups(t *testing.T) {
	now := "'2026-11-24 12:00:00'"
	statements := []string{
		"INSERT INTO users VALUES ('u-ada', 'Ada', 'ada', '', NULL, '', " + now + ", TRUE, FALSE, " + now + ")",
		"INSERT INTO users VALUES ('u-bob', 'bob', 'bob', '', NULL, '', " + now + ", TRUE, FALSE, " + now + ")",
	}
	repo := func(id, path, folded, owner string) {
		statements = append(statements, fmt.Sprintf("INSERT INTO repositories VALUES ('%s', '%s', '%s', '%s', TRUE, FALSE, 'of %s', %s)",
			id, path, folded, owner, id, now))
	}
	repo("r1", "top", "top", "u-ada")
	repo("r2", "Ada/app", "ada/app", "u-ada")
	repo("r3", "ada/Deep/er/lib", "ada/deep/er/lib", "u-ada")
	repo("r4", "team/app", "team/app", "u-ada")
	repo("r5", "team/sub/app", "team/sub/app", "u-bob")
	repo("r6", "team", "team", "u-bob") // beside the group of this name
	statements = append(statements,
		"INSERT INTO repository_permissions VALUES ('r4', 'u-bob', 'write', "+now+")",
		"INSERT INTO repository_rules VALUES ('r4', '{}', "+now+")",
		"INSERT INTO ssh_keys VALUES ('k', NULL, 'r4', 'read', 'l', 'p', 'f', FALSE, "+now+")",
		"INSERT INTO push_journal (id, repository_id, actor_id, actor_name, actor_email, credential, begun_at, updates, results, ended_id) "+
			"VALUES ('0000000000000001x', 'r4', '', '', '', '', "+now+", '[]', '', '')",
		"INSERT INTO tokens VALUES ('t', 'u-ada', 'h', 'vcs', 'abcd', 'l', 'read', TRUE, "+now+", '', NULL, NULL, NULL, '', '', 0)",
		"INSERT INTO token_repositories VALUES ('t', 'r4')")
	d := reopen(t, older(t, 11, statements...))
	list, err := d.Repositories().List(t.Context())
	ok(t, err)
	got := map[string]string{}
	for _, r := range list {
		got[r.ID] = r.Path + " " + r.FoldedPath + " " + r.Description + " " + r.OwnerID
		if found, err := d.Repositories().ByFoldedPath(t.Context(), r.FoldedPath); err != nil || found.ID != r.ID {
			t.Errorf("%s is not found by its path: %+v, %v", r.Path, found, err)
		}
	}
	for id, want := range map[string]string{"r1": "top top of r1 u-ada", "r2": "Ada/app ada/app of r2 u-ada", "r3": "Ada/Deep/er/lib ada/deep/er/lib of r3 u-ada",
		"r4": "team/app team/app of r4 u-ada", "r5": "team/sub/app team/sub/app of r5 u-bob", "r6": "team team of r6 u-bob"} {
		if got[id] != want {
			t.Errorf("%s: got %q, want %q", id, got[id], want)
		}
	}
	for path, owner := range map[string]string{"ada": "u-ada", "ada/deep": "u-ada", "ada/deep/er": "u-ada", "team": "", "team/sub": "u-bob"} {
		g, err := d.Groups().ByFoldedPath(t.Context(), path)
		if err != nil || (g.OwnerID == nil) != (owner == "") || owner != "" && *g.OwnerID != owner {
			t.Errorf("group %s: got %+v, %v, want owner %q", path, g, err, owner)
		}
	}
	given, err := d.Permissions().List(t.Context())
	ok(t, err)
	if len(given) != 1 || *given[0].RepositoryID != "r4" || *given[0].UserID != "u-bob" || given[0].Level != "write" || given[0].GroupID != nil {
		t.Errorf("got permissions %+v", given)
	}
	for _, table := range []string{"repository_rules", "ssh_keys", "push_journal", "token_repositories"} {
		var n int64
		ok(t, d.read.Table(table).Where("repository_id = 'r4'").Count(&n).Error)
		if n != 1 {
			t.Errorf("%s: %d rows are left of 1", table, n)
		}
	}
	ok(t, d.Repositories().Delete(t.Context(), "r4")) // what refers to it refers to the table that is there now
	wants(t, d.Journal().End(t.Context(), "0000000000000001x", "[]", noon), ErrNotFound)
}
