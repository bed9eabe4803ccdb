-- +goose Up
-- fork_of is the repository that one was forked from; NULL for one that is no fork, or was detached from it.
ALTER TABLE repositories ADD COLUMN fork_of TEXT REFERENCES repositories (id) ON DELETE SET NULL;
CREATE INDEX repositories_fork_of ON repositories (fork_of);

-- repository_locks are repositories to which one person alone may push.
CREATE TABLE repository_locks (
    repository_id TEXT PRIMARY KEY REFERENCES repositories (id) ON DELETE CASCADE,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    reason        TEXT NOT NULL,
    locked_at     TIMESTAMP NOT NULL
);
CREATE INDEX repository_locks_user ON repository_locks (user_id);
