-- +goose Up
-- watches say whose journal shows the pushes to a repository, and whose does not, where somebody has said so; else the
-- owner's does. The id is made of both.
CREATE TABLE watches (
    id            TEXT PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    watching      BOOLEAN NOT NULL,
    created_at    TIMESTAMP NOT NULL
);
CREATE INDEX watches_user ON watches (user_id, repository_id);
CREATE INDEX watches_repository ON watches (repository_id);
