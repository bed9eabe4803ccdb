-- +goose Up
CREATE TABLE user_identities (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    source  TEXT NOT NULL,
    subject TEXT,
    UNIQUE (source, subject)
);
