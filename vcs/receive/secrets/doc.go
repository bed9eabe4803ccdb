// Package secrets finds what should not be in a push: live tokens of this server, and what looks like other people's secrets.
//
//	every object that arrives ──► own tokens       jet_… as text, as UTF-16, within base64; asked of the token store
//	   │                          of any size      (Tokens.Live), so that only those count which still open something
//	   └─ text up to a size ────► keywords of all rules in one pass (words)
//	                                  └─► a rule's expression, only round its keywords ─► entropy, allow lists
//
// What is found is kept by object (Scan.Found): where it stands in the history is only asked where something was found. A
// Finding has an id, which is the same wherever and whenever the same secret is found, and which tells nothing of it. The text
// of a secret leaves this package in no message.
//
// The rules are those of gitleaks (MIT), kept as they are in the folder gitleaks with their version, and renewed by
// scripts/secret-rules; its program is not used: it would bring sixty modules. Of its rules one that looks at names alone
// (pkcs12-file), and comments that allow a secret, count for nothing here.
//
// The package knows no refs and no repository. It imports oid, object and pack/ingest (for the words in which blobs are shown to it).
package secrets
