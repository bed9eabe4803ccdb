"""dulwich as a command: VERB URL DIR USER SECRET [REFSPEC...]. Over ssh:// it runs OpenSSH as GIT_SSH_COMMAND says.

It ends with status 0, with 1 and the library's own words on standard error, or with 2 for a verb that the library lacks."""

import os
import sys

from dulwich import porcelain
from dulwich.client import get_transport_and_path
from dulwich.repo import Repo

WHOLE = 0x7FFFFFFF  # the depth by which git asks for everything


def run(verb, url, directory, user, secret, *refspecs):
    if url.startswith("ssh://"):
        sign_in = {"ssh_command": os.environ["GIT_SSH_COMMAND"]}
    else:
        sign_in = {"username": user, "password": secret}
    if verb in ("clone", "bare", "shallow"):
        depth = 1 if verb == "shallow" else None
        porcelain.clone(url, directory, bare=verb == "bare", depth=depth, **sign_in).close()
    elif verb == "list":
        client, path = get_transport_and_path(url, **sign_in)
        for name, value in client.get_refs(path).items():
            print(value.decode() + "\t" + name.decode())
    elif verb in ("fetch", "unshallow"):
        fetch(url, directory, WHOLE if verb == "unshallow" else None, sign_in)
    elif verb == "push":
        push(url, directory, refspecs, sign_in)
    else:
        print("dulwich has no", verb, file=sys.stderr)
        sys.exit(2)


def fetch(url, directory, depth, sign_in):
    client, path = get_transport_and_path(url, **sign_in)
    with Repo(directory) as repo:
        result = client.fetch(path, repo, depth=depth)
        for name, value in result.refs.items():
            if name.startswith(b"refs/heads/"):
                repo.refs[b"refs/remotes/origin/" + name[len(b"refs/heads/"):]] = value
            elif name.startswith(b"refs/tags/") and not name.endswith(b"^{}"):
                repo.refs[name] = value


def push(url, directory, refspecs, sign_in):
    told = []

    class Told:
        """Keeps what the library writes, which is where it tells of a ref that was refused."""

        encoding = "utf-8"

        def write(self, text):
            told.append(text)
            sys.stderr.buffer.write(text)

    porcelain.push(directory, url, [spec.encode() for spec in refspecs], errstream=Told(), **sign_in)
    if any(b" failed: " in text for text in told):
        sys.exit(1)


if __name__ == "__main__":
    try:
        run(*sys.argv[1:])
    except Exception as problem:  # whatever it is: its words are what a person sees
        print(f"{type(problem).__name__}: {problem}", file=sys.stderr)
        sys.exit(1)
