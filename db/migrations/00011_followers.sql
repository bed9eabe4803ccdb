-- +goose Up
-- ended_id sorts in the order in which entries were ended, in which they are followed; '' while an entry is open.
ALTER TABLE push_journal ADD COLUMN ended_id TEXT NOT NULL DEFAULT '';
ALTER TABLE push_journal ADD COLUMN options TEXT NOT NULL DEFAULT '';
ALTER TABLE push_journal ADD COLUMN certificate TEXT NOT NULL DEFAULT '';
ALTER TABLE push_journal ADD COLUMN notes TEXT NOT NULL DEFAULT '';
UPDATE push_journal SET ended_id = id WHERE ended_at IS NOT NULL;
CREATE INDEX push_journal_ended_id ON push_journal (ended_id);
CREATE INDEX push_journal_followed ON push_journal (repository_id, ended_id);

CREATE TABLE journal_cursors (
    follower TEXT PRIMARY KEY,
    position TEXT NOT NULL,
    moved_at TIMESTAMP NOT NULL
);
