-- +goose Up
-- bound tells "every repository of its owner" from "only those listed", also when the last one listed is gone.
CREATE TABLE tokens (
    id             TEXT PRIMARY KEY,
    user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash           TEXT NOT NULL UNIQUE,
    kind           TEXT NOT NULL,
    hint           TEXT NOT NULL,
    label          TEXT NOT NULL,
    access         TEXT NOT NULL,
    bound          BOOLEAN NOT NULL,
    created_at     TIMESTAMP NOT NULL,
    created_by     TEXT NOT NULL,
    expires_at     TIMESTAMP,
    revoked_at     TIMESTAMP,
    last_used_at   TIMESTAMP,
    last_used_from TEXT NOT NULL,
    last_used_door TEXT NOT NULL,
    uses           BIGINT NOT NULL
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE token_repositories (
    token_id      TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, repository_id)
);
CREATE INDEX token_repositories_repository ON token_repositories (repository_id);
