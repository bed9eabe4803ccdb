-- +goose Up
CREATE TABLE push_journal (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    actor_id      TEXT NOT NULL,
    actor_name    TEXT NOT NULL,
    actor_email   TEXT NOT NULL,
    credential    TEXT NOT NULL,
    begun_at      TIMESTAMP NOT NULL,
    updates       TEXT NOT NULL,
    ended_at      TIMESTAMP,
    results       TEXT NOT NULL
);
CREATE INDEX push_journal_repository ON push_journal (repository_id, id);
CREATE INDEX push_journal_ended ON push_journal (ended_at);

-- audit refers to nothing: its rows outlive what they are about.
CREATE TABLE audit (
    id         TEXT PRIMARY KEY,
    at         TIMESTAMP NOT NULL,
    user_id    TEXT NOT NULL,
    user_name  TEXT NOT NULL,
    credential TEXT NOT NULL,
    door       TEXT NOT NULL,
    action     TEXT NOT NULL,
    resource   TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    detail     TEXT NOT NULL,
    remote     TEXT NOT NULL
);
CREATE INDEX audit_user ON audit (user_id, id);
