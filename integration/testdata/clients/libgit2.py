"""libgit2 as a command: VERB URL DIR USER SECRET [REFSPEC...], where SECRET is a password, or the file of a private key for ssh://.

It ends with status 0, with 1 and the library's own words on standard error, or with 2 for a verb that the library lacks."""

import contextlib
import sys

import pygit2


class SignIn(pygit2.RemoteCallbacks):
    def __init__(self, user, secret):
        super().__init__()
        self.user, self.secret, self.asked = user, secret, 0

    def credentials(self, url, username_from_url, allowed_types):
        # Over SSH the library asks again for as long as it gets an answer; over HTTP it has a limit of its own.
        self.asked += 1
        if url.startswith("ssh://"):
            if self.asked > 2:
                raise pygit2.Passthrough
            if allowed_types & pygit2.credentials.GIT_CREDENTIAL_SSH_KEY:
                return pygit2.Keypair(username_from_url, self.secret + ".pub", self.secret, "")
            return pygit2.Username(username_from_url)
        return pygit2.UserPass(self.user, self.secret)

    def certificate_check(self, certificate, valid, host):
        return True

    def push_update_reference(self, refname, message):
        if message:
            raise pygit2.GitError(f"{refname}: {message}")

    def sideband_progress(self, text):
        sys.stderr.write(text)


def run(verb, url, directory, user, secret, *refspecs):
    sign_in = SignIn(user, secret)
    if verb in ("clone", "bare"):
        pygit2.clone_repository(url, directory, bare=verb == "bare", callbacks=sign_in)
    elif verb == "list":
        for ref in pygit2.init_repository(directory, bare=True).remotes.create("there", url).ls_remotes(callbacks=sign_in):
            print(ref["oid"], ref["name"], sep="\t")
    elif verb == "fetch":
        with there(directory, url) as remote:
            remote.fetch(["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"], callbacks=sign_in)
    elif verb == "push":
        with there(directory, url) as remote:
            remote.push(list(refspecs), callbacks=sign_in)
    else:
        print("libgit2 has no", verb, file=sys.stderr)
        sys.exit(2)


@contextlib.contextmanager
def there(directory, url):
    """A remote for an address: this release has none without a name."""
    remotes = pygit2.Repository(directory).remotes
    try:
        yield remotes.create("there", url)
    finally:
        remotes.delete("there")


if __name__ == "__main__":
    try:
        run(*sys.argv[1:])
    except Exception as problem:  # whatever it is: its words are what a person sees
        print(f"{type(problem).__name__}: {problem}", file=sys.stderr)
        sys.exit(1)
