package db

import (
	"slices"
	"testing"
	"time"
)

func TestSettingsAreChangedAndGivenBack(t *testing.T) {
	d := fresh(t)
	var told []Change
	cancel, err := d.Load(func() error { return nil }, func(c Change) { told = append(told, c) })
	ok(t, err)
	defer cancel()
	s := d.Settings()
	_, err = s.Of(t.Context(), "web.token_views")
	wants(t, err, ErrNotFound)
	wants(t, s.Delete(t.Context(), "web.token_views"), ErrNotFound)
	ok(t, s.Save(t.Context(), Setting{Name: "web.token_views", Value: "archive", ChangedAt: noon}))
	ok(t, s.Save(t.Context(), Setting{Name: "web.token_views", Value: "", ChangedAt: noon.Add(time.Hour)}))
	last := Setting{Name: "web.token_views", ChangedAt: stamp(noon.Add(time.Hour))}
	if got, err := s.Of(t.Context(), "web.token_views"); err != nil || got != last {
		t.Errorf("got %+v, %v", got, err)
	}
	ok(t, s.Delete(t.Context(), "web.token_views"))
	_, err = s.Of(t.Context(), "web.token_views")
	wants(t, err, ErrNotFound)
	want := []Change{{Row: Setting{Name: "web.token_views", Value: "archive", ChangedAt: stamp(noon)}}, {Row: last}, {Row: last, Deleted: true}}
	if !slices.Equal(told, want) {
		t.Errorf("told %+v, want %+v", told, want)
	}
}
