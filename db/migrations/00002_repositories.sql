-- +goose Up
CREATE TABLE repositories (
    id          TEXT PRIMARY KEY,
    path        TEXT NOT NULL,
    folded_path TEXT NOT NULL UNIQUE,
    owner_id    TEXT NOT NULL REFERENCES users (id),
    private     BOOLEAN NOT NULL,
    archived    BOOLEAN NOT NULL,
    description TEXT NOT NULL,
    created_at  TIMESTAMP NOT NULL
);
CREATE INDEX repositories_owner ON repositories (owner_id);

CREATE TABLE repository_permissions (
    repository_id TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    level         TEXT NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    PRIMARY KEY (repository_id, user_id)
);
CREATE INDEX repository_permissions_user ON repository_permissions (user_id);
