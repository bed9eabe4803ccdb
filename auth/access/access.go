// Package access knows who there is, what repositories there are, and what each may do with each.
//
//	team                 group of repositories   nick: write   devs (a user group): read
//	└─ team/web          group in it             devs: write
//	   └─ team/web/app   repository              nick: none    everyone: read
//
// For each one who speaks for a person (the person, each user group that they are in, everyone) the nearest word counts: the
// repository's own, else that of the innermost group with one. The best of all these is what the person may. So nick, of
// devs, has write on team/web/app: devs' write, everyone's read, and nick's own none, which hides the write of team.
// Owners, of the repository or of a group above it, and administrators may do everything; a public repository is read by
// everybody, guests too. docs/permissions.md has the rules as people read them.
//
// Every question is answered from memory. The memory follows each committed change of the database before the call that
// made it returns, so a permission taken away is gone at the next question. Changes take who makes them, and are written
// together with their audit entry. The package knows no token, no password's plain text beyond its rules, and no door.
package access
