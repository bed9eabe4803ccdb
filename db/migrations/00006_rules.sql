-- +goose Up
CREATE TABLE repository_rules (
    repository_id TEXT PRIMARY KEY REFERENCES repositories (id) ON DELETE CASCADE,
    rules         TEXT NOT NULL,
    changed_at    TIMESTAMP NOT NULL
);
