package db

import "testing"

// manyTokens fills a database with 100,000 tokens of ada, a tenth of them bound.
func manyTokens(b *testing.B) *DB {
	b.Helper()
	d, err := Open(b.Context(), Options{Path: b.TempDir() + "/jeton.db"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	if err := d.Users().Insert(b.Context(), user("ada")); err != nil {
		b.Fatal(err)
	}
	err = d.Write(b.Context(), func(tx *Tx) error {
		return tx.reader(b.Context()).Exec(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
			INSERT INTO tokens (id, user_id, hash, fields) SELECT printf('%026d', i), 'u-ada', printf('%064d', i),
				'kind=vcs&hint=Ab12&access=write&line=' || printf('%026d', i) || '&label=laptop+of+somebody&by=ada&from=192.0.2.1'
				|| '&created=2026-11-24T12:00:00.123456Z&expires=2027-11-24T12:00:00.123456Z'
				|| CASE i % 10 WHEN 0 THEN '&bound=1&groups=group-1+group-2&networks=192.0.2.0%2F24' ELSE '' END FROM n`).Error
	})
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// BenchmarkEachToken reads 100,000 tokens, as a server does when it starts.
func BenchmarkEachToken(b *testing.B) {
	d := manyTokens(b)
	for b.Loop() {
		n := 0
		if err := d.Tokens().Each(b.Context(), func(Token) { n++ }); err != nil || n != 100_000 {
			b.Fatal(n, err)
		}
	}
}
