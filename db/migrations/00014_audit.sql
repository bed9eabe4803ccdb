-- +goose Up
-- seq counts entries from 1 without a gap; previous and hash chain them. What was written before there was a chain has
-- seq 0, and is sealed by the first entry of the chain. once names what an entry is written for at most once.
ALTER TABLE audit ADD COLUMN seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN once TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN previous TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX audit_seq ON audit (seq) WHERE seq > 0;
CREATE UNIQUE INDEX audit_once ON audit (once) WHERE once <> '';
CREATE INDEX audit_credential ON audit (credential, seq);
