package dbtest

import (
	"context"
	"sync"

	"jeton/db"
)

// free are databases with all tables that no test has.
var free struct {
	sync.Mutex
	urls []string
}

// lend gives a database out, and makes one where none is free.
func lend() (string, error) {
	s, err := started()
	if err != nil {
		return "", err
	}
	free.Lock()
	defer free.Unlock()
	if n := len(free.urls); n > 0 {
		at := free.urls[n-1]
		free.urls = free.urls[:n-1]
		return at, nil
	}
	name, err := s.create("TEMPLATE template0")
	if err != nil {
		return "", err
	}
	d, err := db.Open(context.Background(), db.Options{URL: s.At(name)})
	if err != nil {
		return "", err
	}
	if err := d.Close(); err != nil {
		return "", err
	}
	return s.At(name), do(s.At(name), remember)
}

// takeBack makes a database as it was when it was new.
func takeBack(at string) error {
	if err := do(at, forget); err != nil {
		return err
	}
	free.Lock()
	defer free.Unlock()
	free.urls = append(free.urls, at)
	return nil
}

// remember keeps the rows that migrations have made in a schema beside; forget ends whoever is still connected, removes all
// rows and puts those back.
const (
	remember = `
CREATE SCHEMA kept;
DO $$ DECLARE t TEXT; BEGIN
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
		EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', t, t);
	END LOOP;
END $$`
	forget = `
SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
SET session_replication_role = replica;
DO $$ DECLARE t TEXT; BEGIN
	EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('public.%I', tablename), ', ') FROM pg_tables WHERE schemaname = 'public');
	FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'kept' LOOP
		EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE SELECT * FROM kept.%I', t, t);
	END LOOP;
END $$`
)
