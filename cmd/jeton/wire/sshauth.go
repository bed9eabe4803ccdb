package wire

import (
	"context"
	"net"
	"net/netip"

	"golang.org/x/crypto/ssh"

	"jeton/auth/gate"
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
}

func (a sshAuth) Password(ctx context.Context, user, secret string, remote net.Addr) (sshd.Identity, error) {
	id, err := a.gate.Identify(ctx, gate.Credential{User: user, Secret: secret, Scheme: "ssh-password", Remote: address(remote)}, gate.Git)
	return identity(id, err)
}

func (a sshAuth) PublicKey(ctx context.Context, _ string, key ssh.PublicKey, remote net.Addr) (sshd.Identity, error) {
	id, err := a.gate.IdentifyKey(ctx, key.Marshal(), remote.String())
	return identity(id, err)
}

func identity(id gate.Identity, err error) (sshd.Identity, error) {
	if err != nil {
		return sshd.Identity{}, door.Refusal(err)
	}
	return sshd.Identity{Name: id.UserName, Proof: id.Proven.Proof()}, nil
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
	return door.Admission(grant, path, a.creator), nil
}

func (a sshAuth) Readable(ctx context.Context, id sshd.Identity) ([]string, error) {
	proven, err := gate.FromProof(id.Proof)
	if err != nil {
		return nil, err
	}
	repos, err := a.gate.Readable(ctx, gate.Identity{Proven: proven}, greeted)
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
