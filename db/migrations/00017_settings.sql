-- +goose Up
-- settings are those that are changed while the server runs; one that has a row here is not read from its files.
CREATE TABLE settings (
    name       TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    changed_at TIMESTAMP NOT NULL
);
