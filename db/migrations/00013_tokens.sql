-- +goose Up
-- A token belongs to a person or, as a deploy token, to a repository or a group of repositories. The tables are made
-- anew, since SQLite cannot take NOT NULL from a column. Lists (group_ids, refs, rights, networks) have blanks between.
CREATE TABLE tokens_of_all (
    id                   TEXT PRIMARY KEY,
    user_id              TEXT REFERENCES users (id) ON DELETE CASCADE,
    deploy_repository_id TEXT REFERENCES repositories (id) ON DELETE CASCADE,
    deploy_group_id      TEXT,
    hash                 TEXT NOT NULL UNIQUE,
    kind                 TEXT NOT NULL,
    hint                 TEXT NOT NULL,
    label                TEXT NOT NULL,
    access               TEXT NOT NULL,
    bound                BOOLEAN NOT NULL,
    group_ids            TEXT NOT NULL,
    refs                 TEXT NOT NULL,
    fast_forward_only    BOOLEAN NOT NULL,
    no_delete            BOOLEAN NOT NULL,
    rights               TEXT NOT NULL,
    networks             TEXT NOT NULL,
    decoy                BOOLEAN NOT NULL,
    line                 TEXT NOT NULL,
    created_at           TIMESTAMP NOT NULL,
    created_by           TEXT NOT NULL,
    created_from         TEXT NOT NULL,
    created_by_token     TEXT NOT NULL,
    expires_at           TIMESTAMP,
    revoked_at           TIMESTAMP,
    revoked_by           TEXT NOT NULL,
    successor            TEXT NOT NULL,
    overlap_ends_at      TIMESTAMP,
    sealed               TEXT NOT NULL,
    rotation_key         TEXT NOT NULL,
    fetched_at           TIMESTAMP,
    last_used_at         TIMESTAMP,
    last_used_from       TEXT NOT NULL,
    last_used_door       TEXT NOT NULL,
    uses                 BIGINT NOT NULL,
    CHECK ((user_id IS NULL) <> (deploy_repository_id IS NULL AND deploy_group_id IS NULL)),
    CHECK (deploy_repository_id IS NULL OR deploy_group_id IS NULL)
);
INSERT INTO tokens_of_all (id, user_id, hash, kind, hint, label, access, bound, group_ids, refs, fast_forward_only,
    no_delete, rights, networks, decoy, line, created_at, created_by, created_from, created_by_token, expires_at,
    revoked_at, revoked_by, successor, sealed, rotation_key, last_used_at, last_used_from, last_used_door, uses)
SELECT id, user_id, hash, kind, hint, label, access, bound, '', '', FALSE, FALSE, '', '', FALSE, id, created_at,
    created_by, '', '', expires_at, revoked_at, '', '', '', '', last_used_at, last_used_from, last_used_door, uses
FROM tokens;

CREATE TABLE token_repositories_of_all (
    token_id      TEXT NOT NULL REFERENCES tokens_of_all (id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, repository_id)
);
INSERT INTO token_repositories_of_all (token_id, repository_id) SELECT token_id, repository_id FROM token_repositories;

-- The bindings go first: dropping tokens would take them along.
DROP TABLE token_repositories;
DROP TABLE tokens;
ALTER TABLE tokens_of_all RENAME TO tokens;
ALTER TABLE token_repositories_of_all RENAME TO token_repositories;
CREATE INDEX tokens_user ON tokens (user_id);
CREATE INDEX tokens_deploy_repository ON tokens (deploy_repository_id);
CREATE INDEX token_repositories_repository ON token_repositories (repository_id);
