-- +goose Up
-- A key belongs to a person or, as a deploy key, to a repository. The table is made anew, since SQLite cannot take NOT
-- NULL from a column; one table keeps a key from being in use twice.
CREATE TABLE ssh_keys_of_both (
    id            TEXT PRIMARY KEY,
    user_id       TEXT REFERENCES users (id) ON DELETE CASCADE,
    repository_id TEXT REFERENCES repositories (id) ON DELETE CASCADE,
    access        TEXT NOT NULL,
    label         TEXT NOT NULL,
    public        TEXT NOT NULL,
    fingerprint   TEXT NOT NULL UNIQUE,
    no_touch      BOOLEAN NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    CHECK ((user_id IS NULL) <> (repository_id IS NULL))
);
INSERT INTO ssh_keys_of_both (id, user_id, repository_id, access, label, public, fingerprint, no_touch, created_at)
SELECT id, user_id, NULL, '', label, public, fingerprint, FALSE, created_at FROM ssh_keys;
DROP TABLE ssh_keys;
ALTER TABLE ssh_keys_of_both RENAME TO ssh_keys;
CREATE INDEX ssh_keys_user ON ssh_keys (user_id);
CREATE INDEX ssh_keys_repository ON ssh_keys (repository_id);
