package integration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	gittransport "github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	gitssh "github.com/go-git/go-git/v5/plumbing/transport/ssh"
	"golang.org/x/crypto/ssh"
)

// goGit does an order with go-git's own client. It learns of no refusal by an exit status but by the library's error.
func goGit(o order) (string, error) {
	var said strings.Builder
	auth, err := goGitLogin(o)
	if err != nil {
		return "", err
	}
	switch o.verb {
	case verbList:
		err = goGitList(o, auth, &said)
	case verbClone, verbShallow, verbBare:
		depth := map[string]int{verbShallow: 1}[o.verb]
		_, err = gogit.PlainClone(o.dir, o.verb == verbBare, &gogit.CloneOptions{URL: o.address, Auth: auth, Depth: depth, Mirror: o.verb == verbBare,
			Progress: &said, InsecureSkipTLS: true})
	case verbFetch, verbPush:
		err = goGitMove(o, auth, &said)
	default:
		err = errLacks
	}
	if err != nil {
		fmt.Fprintln(&said, err)
	}
	return said.String(), err
}

func goGitLogin(o order) (gittransport.AuthMethod, error) {
	if !strings.HasPrefix(o.address, "ssh://") {
		return &githttp.BasicAuth{Username: o.as.user, Password: o.as.secret}, nil
	}
	keys, err := gitssh.NewPublicKeysFromFile("git", o.as.secret, "")
	if err != nil {
		return nil, err
	}
	keys.HostKeyCallback = ssh.InsecureIgnoreHostKey() //nolint:gosec // the host key of a server that this test has just started
	return keys, nil
}

func goGitList(o order, auth gittransport.AuthMethod, out io.Writer) error {
	remote := gogit.NewRemote(nil, &config.RemoteConfig{Name: "origin", URLs: []string{o.address}})
	refs, err := remote.ListContext(context.Background(), &gogit.ListOptions{Auth: auth, InsecureSkipTLS: true})
	for _, ref := range refs {
		fmt.Fprintln(out, ref)
	}
	return err
}

func goGitMove(o order, auth gittransport.AuthMethod, progress io.Writer) error {
	repo, err := gogit.PlainOpen(o.dir)
	if err != nil {
		return err
	}
	if o.verb == verbFetch {
		err = repo.Fetch(&gogit.FetchOptions{RemoteURL: o.address, Auth: auth, Progress: progress, InsecureSkipTLS: true,
			RefSpecs: []config.RefSpec{"+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"}})
	} else {
		options := &gogit.PushOptions{RemoteURL: o.address, Auth: auth, Progress: progress, InsecureSkipTLS: true}
		for _, spec := range o.refspecs {
			options.RefSpecs = append(options.RefSpecs, config.RefSpec(spec))
		}
		err = repo.Push(options)
	}
	if errors.Is(err, gogit.NoErrAlreadyUpToDate) {
		return nil
	}
	return err
}
