// Package config knows every setting of the server: its name, default, type and meaning, in one declared table from
// which flags, environment variables, the file and the documentation all come.
//
//	default  <  jeton.toml  <  JETON_… variable  <  flag
//
// A later layer wins key by key, and the layer that won is remembered, so that `jeton config` can say where each value
// comes from. A key of the file that the table does not hold is an error that names the nearest one: a setting that was
// misspelled must not be silently without effect.
package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"jeton/auth/mask"
	"jeton/auth/whitelist"
)

// Type says how a value is written and checked.
type Type string

// The types of settings.
const (
	Text     Type = "text"
	Switch   Type = "switch"   // true or false
	Size     Type = "size"     // bytes, or a number with KiB, MiB, GiB, TiB (KB … are powers of ten)
	Number   Type = "number"   // a whole number, 0 or more
	Duration Type = "duration" // as Go writes them: 30s, 5m
	List     Type = "list"     // commas between; in the file also an array
)

// Key is one setting.
type Key struct {
	// Name is section.key, as in the file.
	Name string
	// Default is the value as text.
	Default string
	Type    Type
	// Values are all that a text may be; nil where anything may be.
	Values []string
	// Check says what is wrong with a value, besides its type; nil where nothing can be.
	Check func(value string) error
	// Zero says that a duration may be nothing.
	Zero bool
	// Secret says that the value is not shown.
	Secret bool
	// Meaning is a sentence for people.
	Meaning string
	// Flag is the name on the command line; "" means the name with dots and underscores as dashes.
	Flag string
}

// Variable is the environment variable of a key: JETON_SERVER_HTTP for server.http.
func (k Key) Variable() string {
	return "JETON_" + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// FlagName is the flag of a key, without the dashes before it.
func (k Key) FlagName() string {
	if k.Flag != "" {
		return k.Flag
	}
	return strings.NewReplacer(".", "-", "_", "-").Replace(k.Name)
}

// Keys is the table of all settings, in the order in which they are shown.
func Keys() []Key {
	return append([]Key{
		{Name: "server.url", Type: Text, Flag: "url",
			Meaning: "The address that clients use, with its base path, such as https://code.example.com/git. Empty: the address that the server listens on."},
		{Name: "server.http", Default: "127.0.0.1:8418", Type: Text, Flag: "http",
			Meaning: "Where HTTP is listened on. Port 0 takes a free one."},
		{Name: "server.trusted_proxies", Type: List,
			Meaning: "Networks (CIDR) of proxies in front; only they are believed whose request they pass on (server.proxy_header, server.proxy_protocol), and their TLS counts as ours."},
		{Name: "server.proxy_header", Default: "X-Forwarded-For", Type: Text, Values: []string{"X-Forwarded-For", "Forwarded", "X-Real-IP"},
			Meaning: "The one header in which the trusted proxies name the client. Name the one that yours write: another would pass as the client has sent it. See docs/http.md."},
		{Name: "server.proxy_protocol", Default: "false", Type: Switch,
			Meaning: "The trusted proxies begin each HTTP connection with the PROXY protocol, version 1 or 2; one of theirs without it is closed."},
		{Name: "server.tls_cert", Type: Text,
			Meaning: "File with the certificate chain (PEM) for HTTPS. Read at start."},
		{Name: "server.tls_key", Type: Text,
			Meaning: "File with the private key (PEM) for HTTPS."},
		{Name: "server.plain_http", Default: "false", Type: Switch,
			Meaning: "Allow HTTP without TLS on an address that others can reach. Passwords and tokens can then be read on the way."},
		{Name: "server.http2", Default: "true", Type: Switch,
			Meaning: "Offer HTTP/2 over TLS. git takes it where it is offered."},
		{Name: "server.h2c", Default: "false", Type: Switch,
			Meaning: "Speak HTTP/2 without TLS too, with clients that begin with it (prior knowledge): for proxies in front. See docs/http.md."},
		{Name: "server.cors_origins", Type: List,
			Meaning: "Origins of web pages, such as https://app.example.com, whose scripts may speak git to this server; * is all. Empty: none. See docs/http.md."},
		{Name: "server.max_connections", Default: "4096", Type: Number,
			Meaning: "HTTP connections at a time, busy and idle; one address that is no trusted proxy (IPv6: one network of 64 bits) has half of them. More are closed at once. 0: 4096."},
		{Name: "server.max_concurrent", Default: "256", Type: Number,
			Meaning: "Requests of git over HTTP that are served at a time; more are asked to come again. 0: 256."},
		{Name: "server.max_concurrent_per_client", Default: "128", Type: Number,
			Meaning: "How many of these one credential may have at a time, or one address without any (IPv6: one network of 64 bits); those without any have half of all together. 0: 128."},
		{Name: "server.wrong_passwords", Default: "30", Type: Number,
			Meaning: "Different wrong passwords that one address may try over HTTP one after the other, before it must wait; an IPv6 address counts as its network of 64 bits. Tokens are let in all the same. 0: as many as it likes."},
		{Name: "server.wrong_password_wait", Default: "30s", Type: Duration,
			Meaning: "After how long such an address may try one more."},
		{Name: "server.drain_time", Default: "30s", Type: Duration,
			Meaning: "How long what a client sends in vain is read and dropped; receive.drain says how much of it."},
		{Name: "ssh.enabled", Default: "true", Type: Switch,
			Meaning: "Serve git over SSH."},
		{Name: "ssh.listen", Default: "127.0.0.1:8422", Type: Text, Flag: "ssh",
			Meaning: "Where SSH is listened on. Port 0 takes a free one."},
		{Name: "ssh.proxy_protocol", Default: "false", Type: Switch,
			Meaning: "The trusted proxies (server.trusted_proxies) begin each SSH connection with the PROXY protocol, version 1 or 2; one of theirs without it is closed."},
		{Name: "ssh.user_authorities", Type: Text,
			Meaning: "File with the public keys, one a line, of those whose SSH certificates are taken; a change of the file is in force at once. Empty: none are. See docs/ssh.md."},
		{Name: "ssh.revoked_keys", Type: Text,
			Meaning: "File with SSH keys, fingerprints, and serials and ids of certificates that open nothing any more; a change of the file is in force at once. See docs/ssh.md."},
		{Name: "ssh.login_time", Default: "30s", Type: Duration,
			Meaning: "How long an SSH client may take to sign in."},
		{Name: "ssh.idle", Default: "10m", Type: Duration,
			Meaning: "How long an SSH connection may be open without a command, whatever it sends."},
		{Name: "ssh.keepalive", Default: "30s", Type: Duration,
			Meaning: "How often an SSH client is asked for a sign of life while its command runs; one that gives none for receive.patience is gone."},
		{Name: "ssh.max_tries", Default: "20", Type: Number,
			Meaning: "Keys and passwords that an SSH connection may try; a key that is merely offered counts, and people have many."},
		{Name: "ssh.max_passwords", Default: "4", Type: Number,
			Meaning: "How many of these may be passwords."},
		{Name: "ssh.max_connections", Default: "512", Type: Number,
			Meaning: "SSH connections at a time."},
		{Name: "ssh.max_address_connections", Default: "256", Type: Number,
			Meaning: "SSH connections from one address at a time; an IPv6 address counts as its network of 64 bits."},
		{Name: "ssh.max_strangers", Default: "0", Type: Number,
			Meaning: "SSH connections at a time that have not signed in, which leaves room for those who have; 0: half of ssh.max_connections."},
		{Name: "ssh.max_address_strangers", Default: "32", Type: Number,
			Meaning: "SSH connections from one address at a time that have not signed in."},
		{Name: "ssh.max_credential_connections", Default: "128", Type: Number,
			Meaning: "SSH connections at a time with one key, certificate, token, or one person's password."},
		{Name: "ssh.max_credential_commands", Default: "128", Type: Number,
			Meaning: "Commands at a time with one of these, on all its SSH connections."},
		{Name: "ssh.max_sessions", Default: "32", Type: Number,
			Meaning: "Sessions at a time on one SSH connection (ControlMaster)."},
		{Name: "repos.push_to_create", Default: "true", Type: Switch,
			Meaning: "A push to a free path makes the repository, where the person may make one."},
		{Name: "repos.fold_refs", Default: "false", Type: Switch,
			Meaning: "Refuse refs that differ from others in case alone, for clones on Windows and macOS. Where the server's own file system folds case that is always so."},
		{Name: "repos.names", Default: "ascii", Type: Text, Values: []string{"ascii", "unicode"},
			Meaning: "Letters that names of repositories, groups and people may hold: a to z alone (ascii), or those of Latin and of one script more in each part (unicode)."},
		{Name: "repos.create", Default: "own", Type: Text, Values: []string{"own", "anyone", "admins"},
			Meaning: "Who may make repositories besides administrators and those who may write to a group: below the own user name (own), besides wherever no group is yet (anyone), nobody (admins). See docs/permissions.md."},
		{Name: "repos.private", Default: "false", Type: Switch,
			Meaning: "What create_repo of the API makes where a call does not say: private repositories, or such as everybody may read, guests too. What commands and pushes make is private unless they say otherwise."},
		{Name: "repos.trash_keep", Default: "720h", Type: Duration, Zero: true,
			Meaning: "How long a deleted repository can come back (`jeton repo restore`), with all that refers to it; its folder lies in repos/trash meanwhile. 0s removes it for good at once."},
		{Name: "token.longest_life", Default: "0s", Type: Duration, Zero: true,
			Meaning: "How long a token may live, from its making on; never is refused then too. Tokens that would live longer are shortened, after token.shorten_notice. 0s: as long as anybody likes."},
		{Name: "token.allow_never", Default: "true", Type: Switch,
			Meaning: "Take tokens that never end. Those that are there already stay."},
		{Name: "token.shorten_notice", Default: "168h", Type: Duration, Zero: true,
			Meaning: "How long a token that token.longest_life ends earlier than was promised works on after its owner was told."},
		{Name: "token.unused_days", Default: "0", Type: Number,
			Meaning: "Tokens that nobody has used for so many days are revoked, and their owners told. 0: none are."},
		{Name: "fetch.hide_refs", Type: List,
			Meaning: "Refs that clients neither see nor move in any repository, by how their names begin, such as refs/pull; later ones win, and one that begins with ! shows again what an earlier one hides. A repository's own (`jeton repo set`) come after these."},
		{Name: "fetch.wants", Default: "reachable", Type: Text, Values: []string{"reachable", "advertised"},
			Meaning: "What clients may ask for by its id: whatever their refs reach (reachable), or only what refs point to (advertised). A repository may be stricter."},
		{Name: "fetch.max_refs", Default: "1000000", Type: Number,
			Meaning: "Most refs that are listed at once. A client that asks for more is told to use protocol 2, which lists those alone that it needs. 0, here and for the limits below: the default."},
		{Name: "fetch.max_wants", Default: "100000", Type: Number,
			Meaning: "Most different objects that one request may want, and whose sizes it may ask for."},
		{Name: "fetch.max_haves", Default: "1000000", Type: Number,
			Meaning: "Most objects that one request may say the client has, and most shallow commits that it may name."},
		{Name: "fetch.max_server_options", Default: "1000", Type: Number,
			Meaning: "Most options (`git fetch --server-option`) in one request; they are written to the log at level debug, and mean nothing else."},
		{Name: "fetch.max_request", Default: "64MiB", Type: Size,
			Meaning: "Largest request of a fetch, unpacked; over SSH one command of protocol 2, or a whole conversation of protocols 0 and 1."},
		{Name: "fetch.max_walk", Default: "20000000", Type: Number,
			Meaning: "Most commits and trees that are walked to find out whether refs reach what a request wants or has, and most commits to find out where a depth ends. Beyond that it counts as not reached: of an object that is not there and one that is hidden nobody is to learn more, so a repository with more objects than this answers both with this limit."},
		{Name: "fetch.max_visit", Default: "100000000", Type: Number,
			Meaning: "Most commits and trees that are read to list what one fetch sends; a fetch that would need more is refused with a sentence. A filter by paths (sparse:oid) may read a tree once for each place where it stands. A fetch that must hold more than about 4 million commits at once, to compare them with what the client has or with a time, is refused alike."},
		{Name: "fetch.timeout", Default: "6h", Type: Duration,
			Meaning: "How long one fetch may take in all."},
		{Name: "receive.deny_deletes", Default: "false", Type: Switch,
			Meaning: "Refuse pushes that delete refs, in every repository; where this is off, a repository may say so for itself."},
		{Name: "receive.deny_force", Default: "false", Type: Switch,
			Meaning: "Refuse pushes that are no fast-forward, in every repository; where this is off, a repository may say so for itself."},
		{Name: "receive.exempt", Type: List,
			Meaning: "Faults in pushed objects that are forgiven in every repository, by git fsck's ids of messages, besides those that a repository forgives itself."},
		{Name: "receive.secrets", Default: "warn", Type: Text, Values: []string{"off", "warn", "refuse"},
			Meaning: "What becomes of a push that seems to bring secrets of other services (keys, passwords, tokens): nobody looks, the pusher is warned, or the push is refused. A repository may say otherwise for itself. A live token of this server is always refused."},
		{Name: "receive.secrets_no_skip", Default: "false", Type: Switch,
			Meaning: "Do not let pushers go past a refusal for secrets with git push -o secret.skip=ID; where this is off, a repository may say so for itself."},
		{Name: "receive.secrets_time", Default: "30s", Type: Duration,
			Meaning: "How long one push may be looked through for secrets of other services, the time of all processors together; what is left is accepted, told and noted. Tokens of this server are looked for in all of it."},
		{Name: "receive.secrets_max_blob", Default: "1MiB", Type: Size,
			Meaning: "Largest file that is looked through for secrets of other services; 16MiB at most. Tokens of this server are found in files of any size."},
		{Name: "receive.revoke_found", Default: "false", Type: Switch,
			Meaning: "Revoke a live token of this server at once when a push brings it, besides refusing the push."},
		{Name: "receive.max_pack", Default: "4GiB", Type: Size,
			Meaning: "Largest pack that a push may send."},
		{Name: "receive.max_blob", Default: "1GiB", Type: Size,
			Meaning: "Largest single object that a push may hold, unpacked."},
		{Name: "receive.max_inflated", Default: "64GiB", Type: Size,
			Meaning: "Largest sum of all objects of a push, unpacked."},
		{Name: "receive.max_objects", Default: "20000000", Type: Number,
			Meaning: "Most objects in one push."},
		{Name: "receive.max_delta_chain", Default: "4096", Type: Number,
			Meaning: "Longest chain of deltas in a pack that is sent."},
		{Name: "receive.max_refs", Default: "100000", Type: Number,
			Meaning: "Most refs in one push."},
		{Name: "receive.max_ref_name", Default: "1024", Type: Number,
			Meaning: "Longest name of a ref, in bytes."},
		{Name: "receive.max_push_options", Default: "64", Type: Number,
			Meaning: "Most options (git push --push-option) of one push. They are told on and never change a setting."},
		{Name: "receive.max_push_option_bytes", Default: "64KiB", Type: Size,
			Meaning: "Largest sum of the options of one push."},
		{Name: "receive.max_walk", Default: "20000000", Type: Number,
			Meaning: "Most commits and trees that are walked to find out whether a push is whole, and whether it is a force push."},
		{Name: "receive.concurrent", Default: "128", Type: Number,
			Meaning: "Most pushes that are taken at a time; more are asked to come again."},
		{Name: "receive.max_pushes_per_actor", Default: "32", Type: Number,
			Meaning: "Most pushes of one person, or one key of a repository, that are taken at a time; more are asked to come again."},
		{Name: "receive.command_memory", Default: "256MiB", Type: Size,
			Meaning: "Memory for the commands, options and certificates of all pushes together, half a KiB and its name for each ref; one person may take a quarter of it. More are asked to come again, or with fewer refs at a time. 0 means the default."},
		{Name: "receive.timeout", Default: "6h", Type: Duration,
			Meaning: "How long one push may take in all, from its first command to the report."},
		{Name: "receive.drain", Default: "256MiB", Type: Size,
			Meaning: "How much of a push that is refused is read and dropped, so that git shows the reason and no broken pipe."},
		{Name: "receive.signed_pushes", Default: "true", Type: Switch,
			Meaning: "Offer git push --signed. The certificate is checked and kept with the push; the signature itself is for whoever has the key."},
		{Name: "receive.cert_nonce_slop", Default: "10m", Type: Duration,
			Meaning: "How old the nonce of a signed push over HTTP may be: the time between asking and pushing."},
		{Name: "receive.max_tree", Default: "64MiB", Type: Size,
			Meaning: "Largest tree (the list of one folder) that a push may hold; 64MiB at most."},
		{Name: "receive.max_tree_entries", Default: "1000000", Type: Number,
			Meaning: "Most files and folders in one folder."},
		{Name: "receive.max_commit", Default: "64MiB", Type: Size,
			Meaning: "Largest commit or tag that a push may hold, with its message; 64MiB at most."},
		{Name: "receive.max_path", Default: "4096", Type: Number,
			Meaning: "Longest name of one file or folder, in bytes. A path has as many names as folders lead to it; how long it is as a whole is not limited."},
		{Name: "receive.memory", Default: "96MiB", Type: Size,
			Meaning: "Memory for objects of one push while deltas are resolved; what does not fit is put on disk. What one step needs, a base and what is made of it, is held even where it is more: up to twice receive.max_blob. 0 means the default."},
		{Name: "receive.patience", Default: "10m", Type: Duration,
			Meaning: "How long a client may be silent while it sends, and take nothing while it is sent to."},
		{Name: "archive.max_entries", Default: "5000000", Type: Number,
			Meaning: "Most files and folders in one archive (downloads and git archive --remote)."},
		{Name: "archive.max_bytes", Default: "64GiB", Type: Size,
			Meaning: "Largest sum of all files of one archive, unpacked."},
		{Name: "archive.max_visit", Default: "100000000", Type: Number,
			Meaning: "Most files and folders that may be looked at for one archive, whether they are in it or not."},
		{Name: "archive.max_zip_directory", Default: "128MiB", Type: Size,
			Meaning: "Most memory for the list of entries with which a zip file ends; larger ones are refused. A tar file has no such list."},
		{Name: "archive.cache", Default: "2GiB", Type: Size,
			Meaning: "How much disk assembled archives may take, below cache/ in the data folder, for whoever asks again; those not asked for longest go first. 0: none is kept."},
		{Name: "archive.max_concurrent", Default: "8", Type: Number,
			Meaning: "Archives that are assembled at a time over HTTP; more wait for some seconds and are then asked to come again. Kept ones, and those that somebody else waits for, do not count. 0: 8."},
		{Name: "archive.timeout", Default: "6h", Type: Duration,
			Meaning: "Longest time that one archive may take, however slowly it is read."},
		{Name: "web.token_views", Type: List, Check: tokenViews,
			Meaning: "The whitelist: views that web tokens open, of archive, diff, patch, raw, download, commit, files and compare, or by RhodeCode's names of them; * and ? stand for characters, !NAME keeps one closed, NAME@ID opens one for a token alone. Empty: none. `jeton views` changes it in a running server, and then holds in place of this. See docs/web-tokens.md."},
		{Name: "maintain.packs", Default: "50", Type: Number,
			Meaning: "From how many packs on a repository is repacked in the background after a push; 0: never by itself."},
		{Name: "maintain.grace", Default: "336h", Type: Duration,
			Meaning: "How long objects that no ref reaches any more stay on disk, where an administrator can still find them."},
		{Name: "journal.keep", Default: "2160h", Type: Duration,
			Meaning: "How long pushes stay in the journal (`jeton repo log`). One that somebody has not acted upon yet stays longer."},
		{Name: "db.url", Type: Text, Secret: true,
			Meaning: "A database on a PostgreSQL server (15 or later), postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full, in place of the file in the data folder; several nodes may share it. See docs/postgresql.md."},
		{Name: "db.connections", Default: "8", Type: Number,
			Meaning: "How many connections a node keeps for reading, besides the one that writes."},
		{Name: "db.timeout", Default: "5s", Type: Duration,
			Meaning: "How long PostgreSQL may take to say, before each decision, whether another node has changed anything; after that the request is refused (503)."},
		{Name: "auth.cache", Default: "0s", Type: Duration, Zero: true,
			Meaning: "With PostgreSQL: for how long a node may decide by what it heard last, without asking. So much later it hears of a token that another node revoked, and for so long it lets people in while the database does not answer. 0s asks each time."},
		{Name: "auth.git_passwords", Default: "true", Type: Switch,
			Meaning: "Let passwords open git over HTTP and SSH. Off: git takes tokens and SSH keys only, whoever asks."},
		{Name: "auth.slow_after", Default: "5", Type: Number,
			Meaning: "Wrong passwords for one account, or from one address (IPv6: one network of 64 bits), after which the next ones wait before they are judged. Nobody is locked out, and tokens and keys never wait: see docs/authentication.md. 0: nobody waits."},
		{Name: "auth.slow_most", Default: "5s", Type: Duration,
			Meaning: "The longest such wait; the first is a quarter of a second, and each doubles."},
		{Name: "auth.slow_forget", Default: "15m", Type: Duration,
			Meaning: "After how long without a wrong password they are forgotten."},
		{Name: "token.notices", Default: "true", Type: Switch,
			Meaning: "Tell users of git, on a line behind a push or a fetch, that their token ends within seven days, and where to renew it."},
		{Name: "audit.keep", Default: "8760h", Type: Duration, Zero: true,
			Meaning: "How long entries of the audit record are kept (`jeton audit log`); 0s: for ever. See docs/audit.md."},
		{Name: "audit.pulls", Default: "false", Type: Switch,
			Meaning: "Write every fetch, clone and archive into the audit record. One entry each: a busy server writes many."},
		{Name: "notice.smtp_host", Type: Text,
			Meaning: "Mail server, with a port where it is not the usual one (mail.example.com:587), by which people and operators are told of what they should know at once: a decoy that was tried, an old token after its rotation, a token that was found. Empty: no mail. `jeton notice test` tries it."},
		{Name: "notice.smtp_security", Default: "starttls", Type: Text, Values: []string{"starttls", "tls", "plain"},
			Meaning: "How the mail server is spoken to: STARTTLS and nothing without (port 587), TLS from the first byte (465), or without TLS (25), for one on the same machine."},
		{Name: "notice.smtp_user", Type: Text,
			Meaning: "User name at the mail server; empty: nobody signs in."},
		{Name: "notice.smtp_password", Type: Text, Secret: true,
			Meaning: "Password at the mail server."},
		{Name: "notice.mail_from", Type: Text,
			Meaning: "Sender of notices, such as Jeton <jeton@example.com>."},
		{Name: "notice.mail_to", Type: List,
			Meaning: "Addresses of operators, who get every notice; people get those that are about their tokens."},
		{Name: "notice.hook_url", Type: Text, Secret: true,
			Meaning: "Address to which every notice is posted as JSON. Empty: none. See docs/audit.md."},
		{Name: "notice.hook_inside", Default: "false", Type: Switch,
			Meaning: "Post notices wherever notice.hook_url leads, to addresses inside too (outgoing.allow), and through the proxy that HTTP_PROXY and HTTPS_PROXY name: for a receiver of one's own on the same machine or network."},
		{Name: "notice.hook_secret", Type: Text, Secret: true,
			Meaning: "Secret that signs what is posted (header X-Jeton-Signature-256, HMAC-SHA-256 of the body)."},
		{Name: "log.level", Default: "info", Type: Text, Values: []string{"debug", "info", "warn", "error"},
			Meaning: "The least that is logged."},
		{Name: "log.format", Default: "text", Type: Text, Values: []string{"text", "json"},
			Meaning: "How log lines are written, on standard error."},
	}, slices.Concat(
		hookKeys(),
		outgoingKeys(),
		viewKeys(),
		contentKeys(),
		apiKeys(),
		jobKeys(),
	)...)
}

// check tells what is wrong with a value of a key.
func (k Key) check(value string) error {
	var err error
	switch k.Type {
	case Switch:
		_, err = strconv.ParseBool(value)
	case Size:
		_, err = ParseSize(value)
	case Number:
		_, err = strconv.ParseUint(value, 10, 63)
	case Duration:
		var d time.Duration
		if d, err = time.ParseDuration(value); err == nil && (d < 0 || d == 0 && !k.Zero) {
			err = fmt.Errorf("a duration must be more than nothing")
		}
	case Text:
		err = oneOf(value, k.Values)
	case List:
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" && err == nil {
				err = oneOf(part, k.Values)
			}
		}
	}
	if err == nil && k.Check != nil {
		err = k.Check(value)
	}
	if err != nil {
		return fmt.Errorf("setting %s = %q: %w", k.Name, mask.Tokens(value), err)
	}
	return nil
}

// tokenViews checks a list of views. Which tokens there are is not known here.
func tokenViews(value string) error {
	_, _, err := whitelist.Parse(value, nil)
	return err
}

func oneOf(value string, values []string) error {
	if len(values) == 0 {
		return nil
	}
	for _, v := range values {
		if v == value {
			return nil
		}
	}
	return fmt.Errorf("it can be one of %s", strings.Join(values, ", "))
}

// units are the endings of sizes, longest first.
func units() []struct {
	name  string
	bytes int64
} {
	return []struct {
		name  string
		bytes int64
	}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9},
		{"TB", 1e12}, {"B", 1}}
}

// ParseSize reads a number of bytes, such as 1048576, 1MiB or 10 GB; ASCII letters in either case.
func ParseSize(s string) (int64, error) {
	number, factor := strings.TrimSpace(s), int64(1)
	for _, u := range units() {
		if len(number) > len(u.name) && strings.EqualFold(number[len(number)-len(u.name):], u.name) {
			number, factor = strings.TrimSpace(number[:len(number)-len(u.name)]), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || strings.HasPrefix(number, "+") {
		return 0, fmt.Errorf("a size is a number of bytes, or one with KiB, MiB, GiB or TiB")
	}
	if n > (1<<63-1)/factor {
		return 0, fmt.Errorf("the size is too large")
	}
	return n * factor, nil
}
