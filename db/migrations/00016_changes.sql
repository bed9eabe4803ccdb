-- +goose Up
-- changes is how processes that share a database on a PostgreSQL server hear of each other's writes; with SQLite, which
-- one process owns, it stays empty. Numbers follow each other without a gap; body is the row as JSON.
CREATE TABLE changes (
    number  BIGINT PRIMARY KEY,
    kind    TEXT NOT NULL,
    deleted BOOLEAN NOT NULL,
    body    TEXT NOT NULL,
    at      TIMESTAMP NOT NULL
);

-- change_head has one row: the last change's number, and the latest instant (nanoseconds since 1970) of an id that sorts.
CREATE TABLE change_head (
    id      BIGINT PRIMARY KEY,
    number  BIGINT NOT NULL,
    instant BIGINT NOT NULL
);
INSERT INTO change_head (id, number, instant) VALUES (1, 0, 0);

-- repository_nodes tells in which node's data folder a repository lies.
CREATE TABLE repository_nodes (
    repository_id TEXT PRIMARY KEY REFERENCES repositories (id) ON DELETE CASCADE,
    node          TEXT NOT NULL
);
CREATE INDEX repository_nodes_node ON repository_nodes (node);
