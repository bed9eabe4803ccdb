-- +goose Up
CREATE TABLE auth_plugins (
    id       TEXT PRIMARY KEY,
    enabled  BOOLEAN NOT NULL,
    position INTEGER NOT NULL,
    settings TEXT NOT NULL
);
