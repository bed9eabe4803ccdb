-- +goose Up
-- remotes are where repositories are fetched from. address is sealed, credentials and all; shown is what people see of it.
CREATE TABLE remotes (
    repository_id TEXT PRIMARY KEY REFERENCES repositories (id) ON DELETE CASCADE,
    address       TEXT NOT NULL,
    shown         TEXT NOT NULL,
    changed_at    TIMESTAMP NOT NULL
);

-- remote_keys are the keys that SSH servers showed when a repository was first fetched from them.
CREATE TABLE remote_keys (
    repository_id TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    host          TEXT NOT NULL,
    key           TEXT NOT NULL,
    seen_at       TIMESTAMP NOT NULL,
    PRIMARY KEY (repository_id, host, key)
);
