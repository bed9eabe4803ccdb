// Package integration tries the whole program against real clients: it builds the binary, starts it on free ports of
// 127.0.0.1 with a fresh data folder and a PATH that holds no git, and drives git, ssh and curl against it.
// It imports nothing of ours: what it knows of Jeton is what a user knows.
package integration
