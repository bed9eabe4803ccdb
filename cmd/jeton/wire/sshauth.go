package wire

import (
	"context"
	"net"
	"net/netip"

	"golang.org/x/crypto/ssh"

	"jeton/auth/gate"
	"jeton/auth/sshcert"
	"jeton/cmd/jeton/config"
	"jeton/vcs/host"
	"jeton/vcs/sshd"
	"jeton/web/door"
)

// greeted is how many repositories the greeting of `ssh host` names at most.
const greeted = 100

// sshAuth is sshd.Authenticator over the gate: a connection carries the name of what it proved (gate.Proven), and the
// gate is asked anew at every command.
type sshAuth struct {
	gate    *gate.Gate
	creator door.Creator
	notices door.Notices
}

func (a sshAuth) Password(ctx context.Context, user, secret string, remote net.Addr) (sshd.Identity, error) {
	id, err := a.gate.Identify(ctx, gate.Credential{User: user, Secret: secret, Scheme: "ssh-password", Remote: address(remote)}, gate.Git)
	if r := gate.AsRefused(err); r != nil {
		// Unlike a key that is merely offered, a password or token was shown: its holder may know what is wrong with it.
		return sshd.Identity{}, &sshd.Told{Sentence: r.Sentence}
	}
	return identity(id, err)
}

func (a sshAuth) PublicKey(ctx context.Context, user string, key ssh.PublicKey, remote net.Addr) (sshd.Identity, error) {
	if _, ok := key.(*ssh.Certificate); ok {
		return identity(a.gate.IdentifyCertificate(ctx, key.Marshal(), user, remote.String()))
	}
	found, err := a.gate.IdentifyKey(ctx, key.Marshal(), remote.String())
	id, err := identity(found.Identity, err)
	id.NoTouch = found.NoTouch
	return id, err
}

func identity(id gate.Identity, err error) (sshd.Identity, error) {
	if r := gate.AsRefused(err); r != nil && r.Told {
		return sshd.Identity{}, &sshd.Told{Sentence: r.Sentence}
	}
	if err != nil {
		return sshd.Identity{}, door.Refusal(err)
	}
	credential := id.Credential
	if id.Proven.UserID != "" { // a password is named by nothing, and many people have one
		credential += " of " + id.UserID
	}
	return sshd.Identity{Name: id.UserName, Credential: credential, Proof: id.Proven.Proof()}, nil
}

func (a sshAuth) Admit(ctx context.Context, id sshd.Identity, path, service string, remote net.Addr) (host.Admission, error) {
	proven, err := gate.FromProof(id.Proof)
	if err != nil {
		return host.Admission{}, err
	}
	access := gate.Read
	if service == "git-receive-pack" {
		access = gate.Write
	}
	grant, err := a.gate.Admit(ctx, gate.Credential{Proven: proven, Remote: address(remote)}, gate.Git, gate.Resource{Path: path}, access)
	if err != nil {
		return host.Admission{}, door.Refusal(err)
	}
	adm := door.Admission(grant, path, a.creator)
	adm.Notice = a.notices.Of(grant.Identity)
	return adm, nil
}

func (a sshAuth) Readable(ctx context.Context, id sshd.Identity, remote net.Addr) ([]string, error) {
	proven, err := gate.FromProof(id.Proof)
	if err != nil {
		return nil, err
	}
	repos, err := a.gate.Readable(ctx, gate.Credential{Proven: proven, Remote: address(remote)}, greeted)
	if err != nil {
		return nil, door.Refusal(err)
	}
	paths := make([]string, len(repos))
	for i, r := range repos {
		paths[i] = r.Path
	}
	return paths, nil
}

// address is a connection's address without its port; the zero value where it has none.
func address(a net.Addr) netip.Addr {
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap()
}

// sshLimits are the settings that bound SSH clients.
func sshLimits(set *config.Settings) sshd.Limits {
	number := func(name string) int { return int(min(set.Number(name), 1<<31-1)) }
	return sshd.Limits{
		Handshake: set.Duration("ssh.login_time"), Patience: set.Duration("receive.patience"), Idle: set.Duration("ssh.idle"),
		Ping: set.Duration("ssh.keepalive"), Tries: number("ssh.max_tries"), Passwords: number("ssh.max_passwords"),
		Connections: number("ssh.max_connections"), Address: number("ssh.max_address_connections"),
		Strangers: number("ssh.max_strangers"), Waiting: number("ssh.max_address_strangers"),
		Credential: number("ssh.max_credential_connections"), Sessions: number("ssh.max_sessions"),
		Commands: number("ssh.max_credential_commands"),
	}
}

// certificates opens the files of authorities and of revoked keys.
func certificates(set *config.Settings) (*sshcert.Authorities, error) {
	return sshcert.New(sshcert.Options{Authorities: set.Text("ssh.user_authorities"), Revoked: set.Text("ssh.revoked_keys")})
}
