package signin

import (
	"slices"
	"testing"

	"jeton/auth/audit"
)

func TestSeveralThingsOfAPluginChangeAtOnceOrNotAtAll(t *testing.T) {
	w := newWorld(t)
	off, last := false, 9
	for name, c := range map[string]Change{
		"a setting that is none":         {Enabled: &off, Position: &last, Settings: Settings{"colour": "red"}},
		"a value that cannot be":         {Enabled: &off, Position: &last, Settings: Settings{"passes": "0"}},
		"values that do not go together": {Enabled: &off, Position: &last, Settings: Settings{"memory_kib": "1048576", "passes": "20"}},
	} {
		wants(t, w.registry.Change(t.Context(), root, Password, c), ErrBadSetting)
		if i, _ := w.registry.Get(Password); !i.Enabled || i.Position != 1 || i.Settings["passes"] != "2" {
			t.Errorf("%s: the plug-in is %+v afterwards", name, i)
		}
	}
	ok(t, w.registry.Change(t.Context(), root, "auth_rhodecode", Change{Enabled: &off, Position: &last, Settings: Settings{"passes": "3"}}))
	if i, _ := w.registry.Get(Password); i.Enabled || i.Position != 9 || i.Settings["passes"] != "3" {
		t.Errorf("got %+v", i)
	}
	var actions []string
	entries, err := audit.Latest(t.Context(), w.db, audit.Query{Resource: Password}, 10)
	ok(t, err)
	for _, e := range entries {
		actions = append(actions, e.Action)
	}
	slices.Sort(actions)
	if want := []string{"plugin.disable", "plugin.move", "plugin.set"}; !slices.Equal(actions, want) {
		t.Errorf("the record has %v, want %v", actions, want)
	}
	wants(t, w.registry.Change(t.Context(), root, "gone", Change{}), ErrNoPlugin)
}
