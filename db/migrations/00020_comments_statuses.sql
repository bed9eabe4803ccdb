-- +goose Up
-- commit_comments is what people say of commits. author is who it was, by name, once they are gone. status is what the
-- comment made of the commit (approved, rejected …), "" where it changed nothing; resolves_id is the todo that it settles.
CREATE TABLE commit_comments (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    commit_id     TEXT NOT NULL,
    author_id     TEXT REFERENCES users (id) ON DELETE SET NULL,
    author        TEXT NOT NULL,
    kind          TEXT NOT NULL,
    body          TEXT NOT NULL,
    status        TEXT NOT NULL,
    resolves_id   TEXT NOT NULL,
    created_at    TIMESTAMP NOT NULL
);
CREATE INDEX commit_comments_commit ON commit_comments (repository_id, commit_id, id);
CREATE INDEX commit_comments_repository ON commit_comments (repository_id, id);
CREATE INDEX commit_comments_author ON commit_comments (author_id);
CREATE INDEX commit_comments_resolves ON commit_comments (repository_id, resolves_id);

-- commit_statuses is what builds say of commits. The newest of each context counts. number is what clients take for an
-- id, which must be an integer for them; it counts in each repository.
CREATE TABLE commit_statuses (
    id            TEXT PRIMARY KEY,
    repository_id TEXT NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    number        BIGINT NOT NULL,
    commit_id     TEXT NOT NULL,
    context       TEXT NOT NULL,
    state         TEXT NOT NULL,
    target_url    TEXT NOT NULL,
    description   TEXT NOT NULL,
    creator_id    TEXT REFERENCES users (id) ON DELETE SET NULL,
    creator       TEXT NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    UNIQUE (repository_id, number)
);
CREATE INDEX commit_statuses_commit ON commit_statuses (repository_id, commit_id, context, number);
CREATE INDEX commit_statuses_creator ON commit_statuses (creator_id);
