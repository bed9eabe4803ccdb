-- +goose Up
-- jobs are what the server does besides answering: one row a job, kept for a while after its end. They refer to nothing, so
-- that the job that deletes a repository outlives it.
CREATE TABLE jobs (
    id            TEXT PRIMARY KEY,
    kind          TEXT NOT NULL,
    state         TEXT NOT NULL,
    node          TEXT NOT NULL,
    repository_id TEXT NOT NULL,
    owner_id      TEXT NOT NULL,
    idempotency   TEXT UNIQUE,
    actor         TEXT NOT NULL,
    args          TEXT NOT NULL,
    result        TEXT NOT NULL,
    error         TEXT NOT NULL,
    progress      TEXT NOT NULL,
    attempt       BIGINT NOT NULL,
    stopping      BOOLEAN NOT NULL,
    message       TEXT NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    started_at    TIMESTAMP,
    ended_at      TIMESTAMP
);
CREATE INDEX jobs_state ON jobs (state, node);
CREATE INDEX jobs_owner ON jobs (owner_id, created_at);
CREATE INDEX jobs_repository ON jobs (repository_id, created_at);
CREATE INDEX jobs_created ON jobs (created_at);

-- goqite is the table of the queue library, with the columns that it asks for; body is a job's id.
CREATE TABLE goqite (
    id       TEXT PRIMARY KEY DEFAULT ('m_' || random() || '_' || random()),
    created  TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    queue    TEXT NOT NULL,
    body     TEXT NOT NULL,
    timeout  TIMESTAMP NOT NULL,
    received BIGINT NOT NULL DEFAULT 0,
    priority BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX goqite_queue ON goqite (queue, priority DESC, created);
