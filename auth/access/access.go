// Package access knows who there is, what repositories there are, and what each may do with each.
//
//	administrator, owner ─► admin      given on the repository ─► none < read < write < admin
//	everybody, guests too ─► read, where the repository is public
//
// Every question is answered from memory. The memory follows each committed change of the database before the call that
// made it returns, so a permission taken away is gone at the next question. Changes take who makes them, and are written
// together with their audit entry. The package knows no token, no password's plain text beyond its rules, and no door.
package access
