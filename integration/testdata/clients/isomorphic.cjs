// isomorphic-git as a command: VERB URL DIR USER SECRET [REFSPEC...]. It speaks HTTP alone.
// It ends with status 0, with 1 and the library's own words on standard error, or with 2 for a verb that the library lacks.
const fs = require("fs");
const git = require("isomorphic-git");
const http = require("isomorphic-git/http/node");

const WHOLE = 0x7fffffff; // the depth by which git asks for everything

async function run(verb, url, dir, user, secret, ...refspecs) {
  const remote = {
    fs, http, dir, url,
    // Asked for once; a second time means that the answer was wrong, and then it is told to give up.
    onAuth: () => ({ username: user, password: secret }),
    onAuthFailure: () => undefined,
    onMessage: (text) => process.stderr.write(text),
  };
  switch (verb) {
    case "clone":
      return git.clone(remote);
    case "shallow":
      return git.clone({ ...remote, depth: 1, singleBranch: true });
    case "unshallow":
      return git.fetch({ ...remote, depth: WHOLE, singleBranch: true });
    case "fetch":
      return git.fetch({ ...remote, tags: true });
    case "list":
      for (const ref of await git.listServerRefs(remote)) console.log(`${ref.oid}\t${ref.ref}`);
      return;
    case "push":
      for (const spec of refspecs) await push(remote, spec);
      return;
    default:
      console.error("isomorphic-git has no " + verb);
      process.exit(2);
  }
}

// push takes one refspec: [+]FROM:TO, or :TO to delete. The library pushes one ref at a time.
async function push(remote, spec) {
  const [from, remoteRef] = spec.replace(/^\+/, "").split(":");
  const what = from ? { ref: from, remoteRef, force: spec.startsWith("+") } : { ref: "main", remoteRef, delete: true };
  const result = await git.push({ ...remote, ...what });
  for (const [ref, { ok, error }] of Object.entries(result.refs)) {
    if (!ok) throw new Error(`${ref}: ${error}`);
  }
}

run(...process.argv.slice(2)).then(
  () => process.exit(0),
  (problem) => {
    console.error(`${problem.code || problem.name}: ${problem.message}`);
    process.exit(1);
  },
);
