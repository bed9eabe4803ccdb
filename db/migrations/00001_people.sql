-- +goose Up
CREATE TABLE users (
    id                  TEXT PRIMARY KEY,
    name                TEXT NOT NULL,
    folded_name         TEXT NOT NULL UNIQUE,
    email               TEXT NOT NULL,
    folded_email        TEXT UNIQUE,
    password_hash       TEXT NOT NULL,
    password_changed_at TIMESTAMP NOT NULL,
    active              BOOLEAN NOT NULL,
    admin               BOOLEAN NOT NULL,
    created_at          TIMESTAMP NOT NULL
);

CREATE TABLE ssh_keys (
    id          TEXT PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label       TEXT NOT NULL,
    public      TEXT NOT NULL,
    fingerprint TEXT NOT NULL UNIQUE,
    created_at  TIMESTAMP NOT NULL
);
CREATE INDEX ssh_keys_user ON ssh_keys (user_id);
