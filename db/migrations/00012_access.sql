-- +goose Up
-- Every segment of a path before its last is a group of repositories. Above all lies a root, its own parent, that no path
-- names. What was deleted keeps its row, marked, until its time is over; only what lives has its name to itself.
CREATE TABLE repository_groups (
    id          TEXT PRIMARY KEY,
    parent_id   TEXT NOT NULL REFERENCES repository_groups (id),
    name        TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    owner_id    TEXT REFERENCES users (id) ON DELETE SET NULL,
    description TEXT NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    deleted_at  TIMESTAMP
);
CREATE UNIQUE INDEX repository_groups_name ON repository_groups (parent_id, folded_name) WHERE deleted_at IS NULL;
CREATE INDEX repository_groups_owner ON repository_groups (owner_id);
INSERT INTO repository_groups (id, parent_id, name, folded_name, owner_id, description, created_at)
VALUES ('root', 'root', '', '', NULL, '', '1970-01-01 00:00:00');

-- The groups of the paths that are there. Those paths are ASCII, so path and folded path are cut at the same places. A
-- group's id is the least id of the repositories below it, and how deep it lies.
CREATE TABLE cuts (repository_id TEXT NOT NULL, path TEXT NOT NULL, folded TEXT NOT NULL, owner_id TEXT NOT NULL, depth BIGINT NOT NULL);
INSERT INTO cuts (repository_id, path, folded, owner_id, depth)
WITH RECURSIVE places (id, path, folded, owner_id, place) AS (
    SELECT id, path, folded_path, owner_id, 1 FROM repositories
    UNION ALL
    SELECT id, path, folded, owner_id, place + 1 FROM places WHERE place < length(path)
)
SELECT id, substr(path, 1, place - 1), substr(folded, 1, place - 1), owner_id,
    1 + length(substr(folded, 1, place - 1)) - length(replace(substr(folded, 1, place - 1), '/', ''))
FROM places WHERE substr(path, place, 1) = '/';
CREATE INDEX cuts_repository ON cuts (repository_id, depth);

CREATE TABLE cut_groups (id TEXT NOT NULL, path TEXT NOT NULL, folded TEXT PRIMARY KEY, owner_id TEXT, depth BIGINT NOT NULL,
    some_repository TEXT NOT NULL);
-- Only who owns all that lies in a group is made its owner: nobody is to get at more than before.
INSERT INTO cut_groups (id, path, folded, owner_id, depth, some_repository)
SELECT min(repository_id) || depth, min(path), folded, CASE WHEN min(owner_id) = max(owner_id) THEN min(owner_id) END, depth, min(repository_id)
FROM cuts GROUP BY folded, depth;

INSERT INTO repository_groups (id, parent_id, name, folded_name, owner_id, description, created_at)
SELECT g.id, CASE WHEN g.depth = 1 THEN 'root' ELSE p.id END,
    CASE WHEN g.depth = 1 THEN g.path ELSE substr(g.path, length(p.folded) + 2) END,
    CASE WHEN g.depth = 1 THEN g.folded ELSE substr(g.folded, length(p.folded) + 2) END,
    g.owner_id, '', r.created_at
FROM cut_groups g
JOIN repositories r ON r.id = g.some_repository
LEFT JOIN cuts c ON c.repository_id = g.some_repository AND c.depth = g.depth - 1
LEFT JOIN cut_groups p ON p.folded = c.folded
ORDER BY g.depth;

-- Tables that refer to repositories are made anew with it: SQLite can take no unique column away, and would empty them
-- where the table they refer to is dropped.
CREATE TABLE new_repositories (
    id          TEXT PRIMARY KEY,
    group_id    TEXT NOT NULL REFERENCES repository_groups (id),
    name        TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    owner_id    TEXT NOT NULL REFERENCES users (id),
    private     BOOLEAN NOT NULL,
    archived    BOOLEAN NOT NULL,
    description TEXT NOT NULL,
    created_at  TIMESTAMP NOT NULL,
    deleted_at  TIMESTAMP
);
INSERT INTO new_repositories (id, group_id, name, folded_name, owner_id, private, archived, description, created_at)
SELECT r.id, CASE WHEN g.id IS NULL THEN 'root' ELSE g.id END,
    CASE WHEN g.id IS NULL THEN r.path ELSE substr(r.path, length(g.folded) + 2) END,
    CASE WHEN g.id IS NULL THEN r.folded_path ELSE substr(r.folded_path, length(g.folded) + 2) END,
    r.owner_id, r.private, r.archived, r.description, r.created_at
FROM repositories r
LEFT JOIN (SELECT repository_id, max(depth) AS depth FROM cuts GROUP BY repository_id) deepest ON deepest.repository_id = r.id
LEFT JOIN cuts c ON c.repository_id = r.id AND c.depth = deepest.depth
LEFT JOIN cut_groups g ON g.folded = c.folded;
DROP TABLE cuts;
DROP TABLE cut_groups;

CREATE TABLE new_token_repositories (
    token_id      TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    repository_id TEXT NOT NULL REFERENCES new_repositories (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, repository_id)
);
INSERT INTO new_token_repositories (token_id, repository_id) SELECT token_id, repository_id FROM token_repositories;
DROP TABLE token_repositories;

CREATE TABLE new_push_journal (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL REFERENCES new_repositories (id) ON DELETE CASCADE,
    actor_id      TEXT NOT NULL,
    actor_name    TEXT NOT NULL,
    actor_email   TEXT NOT NULL,
    credential    TEXT NOT NULL,
    begun_at      TIMESTAMP NOT NULL,
    updates       TEXT NOT NULL,
    ended_at      TIMESTAMP,
    results       TEXT NOT NULL,
    ended_id      TEXT NOT NULL,
    options       TEXT NOT NULL,
    certificate   TEXT NOT NULL,
    notes         TEXT NOT NULL
);
INSERT INTO new_push_journal (id, repository_id, actor_id, actor_name, actor_email, credential, begun_at, updates, ended_at, results,
    ended_id, options, certificate, notes)
SELECT id, repository_id, actor_id, actor_name, actor_email, credential, begun_at, updates, ended_at, results,
    ended_id, options, certificate, notes FROM push_journal;
DROP TABLE push_journal;

CREATE TABLE new_repository_rules (
    repository_id TEXT PRIMARY KEY REFERENCES new_repositories (id) ON DELETE CASCADE,
    rules         TEXT NOT NULL,
    changed_at    TIMESTAMP NOT NULL
);
INSERT INTO new_repository_rules (repository_id, rules, changed_at) SELECT repository_id, rules, changed_at FROM repository_rules;
DROP TABLE repository_rules;

CREATE TABLE new_ssh_keys (
    id            TEXT PRIMARY KEY,
    user_id       TEXT REFERENCES users (id) ON DELETE CASCADE,
    repository_id TEXT REFERENCES new_repositories (id) ON DELETE CASCADE,
    access        TEXT NOT NULL,
    label         TEXT NOT NULL,
    public        TEXT NOT NULL,
    fingerprint   TEXT NOT NULL UNIQUE,
    no_touch      BOOLEAN NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    CHECK ((user_id IS NULL) <> (repository_id IS NULL))
);
INSERT INTO new_ssh_keys (id, user_id, repository_id, access, label, public, fingerprint, no_touch, created_at)
SELECT id, user_id, repository_id, access, label, public, fingerprint, no_touch, created_at FROM ssh_keys;
DROP TABLE ssh_keys;

CREATE TABLE user_groups (
    id              TEXT PRIMARY KEY,
    name            TEXT NOT NULL,
    folded_name     TEXT NOT NULL UNIQUE,
    description     TEXT NOT NULL,
    owner_id        TEXT REFERENCES users (id) ON DELETE SET NULL,
    git_tokens_only BOOLEAN NOT NULL,
    created_at      TIMESTAMP NOT NULL
);
CREATE INDEX user_groups_owner ON user_groups (owner_id);
CREATE TABLE user_group_members (
    id            TEXT PRIMARY KEY,
    user_group_id TEXT NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at    TIMESTAMP NOT NULL
);
CREATE INDEX user_group_members_group ON user_group_members (user_group_id);
CREATE INDEX user_group_members_user ON user_group_members (user_id);

-- permissions say what one person, one user group or everyone (where both are NULL) may do with one thing: a repository,
-- a group of repositories or a user group. The id is made of both, so that there is one word for each pair.
CREATE TABLE permissions (
    id               TEXT PRIMARY KEY,
    repository_id    TEXT REFERENCES new_repositories (id) ON DELETE CASCADE,
    group_id         TEXT REFERENCES repository_groups (id) ON DELETE CASCADE,
    on_user_group_id TEXT REFERENCES user_groups (id) ON DELETE CASCADE,
    user_id          TEXT REFERENCES users (id) ON DELETE CASCADE,
    user_group_id    TEXT REFERENCES user_groups (id) ON DELETE CASCADE,
    level            TEXT NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    CHECK (user_id IS NULL OR user_group_id IS NULL)
);
INSERT INTO permissions (id, repository_id, user_id, level, created_at)
SELECT repository_id || ':' || user_id, repository_id, user_id, level, created_at FROM repository_permissions;
DROP TABLE repository_permissions;
CREATE INDEX permissions_repository ON permissions (repository_id);
CREATE INDEX permissions_group ON permissions (group_id);
CREATE INDEX permissions_on_user_group ON permissions (on_user_group_id);
CREATE INDEX permissions_user ON permissions (user_id);
CREATE INDEX permissions_user_group ON permissions (user_group_id);

DROP TABLE repositories;
ALTER TABLE new_repositories RENAME TO repositories;
ALTER TABLE new_token_repositories RENAME TO token_repositories;
ALTER TABLE new_push_journal RENAME TO push_journal;
ALTER TABLE new_repository_rules RENAME TO repository_rules;
ALTER TABLE new_ssh_keys RENAME TO ssh_keys;
CREATE UNIQUE INDEX repositories_name ON repositories (group_id, folded_name) WHERE deleted_at IS NULL;
CREATE INDEX repositories_owner ON repositories (owner_id);
CREATE INDEX repositories_deleted ON repositories (deleted_at);
CREATE INDEX token_repositories_repository ON token_repositories (repository_id);
CREATE INDEX push_journal_repository ON push_journal (repository_id, id);
CREATE INDEX push_journal_ended ON push_journal (ended_at);
CREATE INDEX push_journal_ended_id ON push_journal (ended_id);
CREATE INDEX push_journal_followed ON push_journal (repository_id, ended_id);
CREATE INDEX ssh_keys_user ON ssh_keys (user_id);
CREATE INDEX ssh_keys_repository ON ssh_keys (repository_id);

-- old_names lead from a name in a group to what was called so: a group, or a repository; to nothing where another
-- repository has taken the name since. The id is made of the kind, the group and the name.
CREATE TABLE old_names (
    id            TEXT PRIMARY KEY,
    parent_id     TEXT NOT NULL REFERENCES repository_groups (id) ON DELETE CASCADE,
    folded_name   TEXT NOT NULL,
    group_id      TEXT REFERENCES repository_groups (id) ON DELETE CASCADE,
    repository_id TEXT REFERENCES repositories (id) ON DELETE CASCADE,
    created_at    TIMESTAMP NOT NULL
);
CREATE INDEX old_names_parent ON old_names (parent_id);
CREATE INDEX old_names_group ON old_names (group_id);
CREATE INDEX old_names_repository ON old_names (repository_id);

-- A service account has no password and signs in to no page. source is the sign-in method that made the person.
ALTER TABLE users ADD COLUMN service BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN git_tokens_only BOOLEAN NOT NULL DEFAULT FALSE;
