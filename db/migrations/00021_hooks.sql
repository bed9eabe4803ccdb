-- +goose Up
-- hooks are addresses that are told of events: of one repository, of all below a group, or, where both are empty, of the
-- whole server. Secrets are sealed. What a delivery changes in a row (failures and what follows) is told to nobody.
CREATE TABLE hooks (
    id            TEXT PRIMARY KEY,
    repository_id TEXT REFERENCES repositories (id) ON DELETE CASCADE,
    group_id      TEXT REFERENCES repository_groups (id) ON DELETE CASCADE,
    label         TEXT NOT NULL,
    url           TEXT NOT NULL,
    form          TEXT NOT NULL,
    content_type  TEXT NOT NULL,
    events        TEXT NOT NULL,
    branches      TEXT NOT NULL,
    active        BOOLEAN NOT NULL,
    gives_token   BOOLEAN NOT NULL,
    secret        TEXT NOT NULL,
    old_secret    TEXT NOT NULL,
    old_ends_at   TIMESTAMP,
    maker_id      TEXT NOT NULL,
    maker_name    TEXT NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    off_at        TIMESTAMP,
    off_why       TEXT NOT NULL,
    failures      BIGINT NOT NULL,
    failing_since TIMESTAMP,
    last_at       TIMESTAMP,
    last_status   BIGINT NOT NULL,
    CHECK (repository_id IS NULL OR group_id IS NULL)
);
CREATE INDEX hooks_repository ON hooks (repository_id);
CREATE INDEX hooks_group ON hooks (group_id);

-- hook_events are what came to pass, written once for all hooks that are told. An event outlives what it is about.
CREATE TABLE hook_events (
    id            TEXT PRIMARY KEY,
    kind          TEXT NOT NULL,
    repository_id TEXT NOT NULL,
    at            TIMESTAMP NOT NULL,
    body          TEXT NOT NULL
);

-- hook_deliveries tell one hook of one event. state is waiting, done or failed; place sorts them as they came; node is
-- whose it is to send, '' with SQLite. What stands behind tries is of the last try.
CREATE TABLE hook_deliveries (
    id            TEXT PRIMARY KEY,
    hook_id       TEXT NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
    event_id      TEXT NOT NULL REFERENCES hook_events (id),
    repository_id TEXT NOT NULL,
    node          TEXT NOT NULL,
    place         TEXT NOT NULL,
    state         TEXT NOT NULL,
    next_at       TIMESTAMP NOT NULL,
    redelivery    BOOLEAN NOT NULL,
    tries         BIGINT NOT NULL,
    tried_at      TIMESTAMP,
    took          BIGINT NOT NULL,
    status        BIGINT NOT NULL,
    request       TEXT NOT NULL,
    answer        TEXT NOT NULL,
    error         TEXT NOT NULL
);
CREATE INDEX hook_deliveries_hook ON hook_deliveries (hook_id, place);
CREATE INDEX hook_deliveries_due ON hook_deliveries (hook_id, state, next_at);
CREATE INDEX hook_deliveries_waiting ON hook_deliveries (state, hook_id);
CREATE INDEX hook_deliveries_event ON hook_deliveries (event_id);
