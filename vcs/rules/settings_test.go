package rules

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestSettingsAreSetAndTakenBack(t *testing.T) {
	for assignment, want := range map[string]Rules{
		"fetch.hide_refs=refs/pull, !refs/pull/1,": {Hidden: []string{"refs/pull", "!refs/pull/1"}},
		"fetch.wants=advertised":                   {AdvertisedOnly: true},
		"fetch.wants=reachable":                    {},
		"fetch.bundles=base=https://x/y?a=b":       {Bundles: []Bundle{{ID: "base", URI: "https://x/y?a=b"}}},
		"receive.deny_deletes=true":                {DenyDeletes: true},
		"receive.deny_force=1":                     {DenyForce: true},
		"receive.deny_force=false":                 {},
		"receive.secrets=refuse":                   {Secrets: SecretsRefuse},
		"receive.secrets_no_skip=true":             {NoSkip: true},
		"receive.exempt=a,b":                       {Exempt: []string{"a", "b"}},
		"downloads=off":                            {NoArchives: true},
		"downloads=on":                             {},
	} {
		var r Rules
		if err := r.Set(assignment); err != nil || !reflect.DeepEqual(r, want) {
			t.Errorf("%s: got %+v, %v; want %+v", assignment, r, err, want)
		}
		key, _, _ := strings.Cut(assignment, "=")
		if !strings.Contains(Keys, key+"=") {
			t.Errorf("%s is not among the keys that people are told", key)
		}
		if err := r.Set(key + "="); err != nil || !reflect.DeepEqual(r, Rules{}) && len(r.Hidden)+len(r.Bundles)+len(r.Exempt) > 0 {
			t.Errorf("%s taken back: got %+v, %v", key, r, err)
		}
	}
}

func TestWhatIsNoSettingIsRefused(t *testing.T) {
	for assignment, want := range map[string]string{
		"downloads":              "is not KEY=VALUE",
		"downloads=perhaps":      "on or off",
		"fetch.wants=all":        "reachable or advertised",
		"fetch.bundles=x":        "is not NAME=URI",
		"receive.deny_force=yes": "true or false",
		"locked=true":            "has no setting",
	} {
		var r Rules
		if err := r.Set(assignment); !errors.Is(err, ErrBad) || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(r, Rules{}) {
			t.Errorf("%s: %v, %+v; want %q", assignment, err, r, want)
		}
	}
}

// TestSettingsReadBack has Set take what Settings says.
func TestSettingsReadBack(t *testing.T) {
	want := Rules{Hidden: []string{"refs/pull"}, AdvertisedOnly: true, Bundles: []Bundle{{ID: "b", URI: "https://x/y"}}, DenyDeletes: true, DenyForce: true,
		Secrets: SecretsOff, NoSkip: true, Exempt: []string{"e"}, NoArchives: true}
	for _, r := range []Rules{want, {}} {
		var got Rules
		for key, value := range r.Settings() {
			text := fmt.Sprint(value)
			if list, is := value.([]string); is {
				text = strings.Join(list, ",")
			}
			if err := got.Set(key + "=" + text); err != nil {
				t.Errorf("%s=%s: %v", key, text, err)
			}
		}
		if !reflect.DeepEqual(got, r) {
			t.Errorf("got %+v, want %+v", got, r)
		}
	}
}

func TestALockBarsAllButOne(t *testing.T) {
	none, ada := Lock{}, Lock{ActorID: "ada"}
	if none.Bars("ada") || none.Bars("") || ada.Bars("ada") || !ada.Bars("bob") || !ada.Bars("") {
		t.Error("a lock bars whom it should not, or lets somebody pass")
	}
	if got := (Rules{Lock: ada}).Over(Rules{}); got.Lock != ada {
		t.Errorf("over the server's rules it is %+v", got.Lock)
	}
}
