-- +goose Up
-- A token belongs to a person or, as a deploy token, to a repository or a group of repositories. All that no query asks
-- for stands in fields, as name=value&name=value with %XX for what is escaped: a server reads all its tokens when it
-- starts, and what a row costs then is its columns. What changes with each use is in a table of its own for the same
-- reason. The tables are made anew, since SQLite cannot take NOT NULL from a column.
CREATE TABLE tokens_of_all (
    id                   TEXT PRIMARY KEY,
    user_id              TEXT REFERENCES users (id) ON DELETE CASCADE,
    deploy_repository_id TEXT REFERENCES repositories (id) ON DELETE CASCADE,
    deploy_group_id      TEXT,
    hash                 TEXT NOT NULL UNIQUE,
    fields               TEXT NOT NULL,
    CHECK ((user_id IS NULL) <> (deploy_repository_id IS NULL AND deploy_group_id IS NULL)),
    CHECK (deploy_repository_id IS NULL OR deploy_group_id IS NULL)
);
INSERT INTO tokens_of_all (id, user_id, hash, fields)
SELECT id, user_id, hash,
    'kind=' || kind || '&hint=' || hint || '&access=' || access || '&line=' || id
    || '&label=' || REPLACE(REPLACE(REPLACE(label, '%', '%25'), '&', '%26'), '+', '%2B')
    || '&by=' || REPLACE(REPLACE(REPLACE(created_by, '%', '%25'), '&', '%26'), '+', '%2B')
    || '&created=' || REPLACE(CAST(created_at AS TEXT), '+', '%2B')
    || CASE WHEN bound THEN '&bound=1' ELSE '' END
    || COALESCE('&expires=' || REPLACE(CAST(expires_at AS TEXT), '+', '%2B'), '')
    || COALESCE('&revoked=' || REPLACE(CAST(revoked_at AS TEXT), '+', '%2B'), '')
FROM tokens;

CREATE TABLE token_repositories_of_all (
    token_id      TEXT NOT NULL REFERENCES tokens_of_all (id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, repository_id)
);
INSERT INTO token_repositories_of_all (token_id, repository_id) SELECT token_id, repository_id FROM token_repositories;

CREATE TABLE token_uses (
    token_id  TEXT PRIMARY KEY REFERENCES tokens_of_all (id) ON DELETE CASCADE,
    used_at   TIMESTAMP NOT NULL,
    used_from TEXT NOT NULL,
    door      TEXT NOT NULL,
    uses      BIGINT NOT NULL
);
INSERT INTO token_uses (token_id, used_at, used_from, door, uses)
SELECT id, last_used_at, last_used_from, last_used_door, uses FROM tokens WHERE last_used_at IS NOT NULL;

-- The bindings go first: dropping tokens would take them along.
DROP TABLE token_repositories;
DROP TABLE tokens;
ALTER TABLE tokens_of_all RENAME TO tokens;
ALTER TABLE token_repositories_of_all RENAME TO token_repositories;
CREATE INDEX tokens_user ON tokens (user_id);
CREATE INDEX tokens_deploy_repository ON tokens (deploy_repository_id);
CREATE INDEX token_repositories_repository ON token_repositories (repository_id);
