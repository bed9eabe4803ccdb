package rules

import (
	"strconv"
	"strings"
)

// Keys are the settings of a repository that Set sets, each with what it takes.
const Keys = `  fetch.hide_refs=PREFIX,…       refs that clients neither see nor move; !PREFIX shows again what an earlier one hides
  fetch.wants=reachable          or advertised: clients may only ask for what refs point to
  fetch.bundles=NAME=URI,…       files to begin a clone from, http or https; a comma in an address is written %2C
  receive.deny_deletes=true      or false: no push may delete a ref
  receive.deny_force=true        or false: no push may move a ref other than forward
  receive.secrets=refuse         or warn, or off: what becomes of a push that seems to bring secrets of other services
  receive.secrets_no_skip=true   or false: no pusher goes past such a refusal with -o secret.skip=ID
  receive.exempt=ID,…            faults in objects that are forgiven, by git fsck's ids of messages
  downloads=off                  or on: nobody is given archives, neither over HTTP nor by git archive --remote`

// Set sets one rule from KEY=VALUE (Keys), as people and programs write it; an empty value takes back what was set. What
// that makes of all rules together is looked at by Check. ErrBad.
func (r *Rules) Set(assignment string) error {
	key, value, ok := strings.Cut(assignment, "=")
	if !ok {
		return bad("%q is not KEY=VALUE", assignment)
	}
	var err error
	switch key {
	case "fetch.hide_refs":
		r.Hidden = listed(value)
	case "fetch.wants":
		if value != "" && value != "reachable" && value != "advertised" {
			return bad("fetch.wants is reachable or advertised, not %q", value)
		}
		r.AdvertisedOnly = value == "advertised"
	case "fetch.bundles":
		r.Bundles, err = bundles(value)
	case "receive.deny_deletes":
		r.DenyDeletes, err = switched(key, value)
	case "receive.deny_force":
		r.DenyForce, err = switched(key, value)
	case "receive.secrets":
		r.Secrets = Secrets(value)
	case "receive.secrets_no_skip":
		r.NoSkip, err = switched(key, value)
	case "receive.exempt":
		r.Exempt = listed(value)
	case "downloads":
		if value != "" && value != "on" && value != "off" {
			return bad("downloads are on or off, not %q", value)
		}
		r.NoArchives = value == "off"
	default:
		return bad("a repository has no setting %q; it has\n%s", key, Keys)
	}
	return err
}

// Settings are the rules by the keys of Set, as JSON has them: what it says, Set takes. Protected branches are not among them.
func (r Rules) Settings() map[string]any {
	wants, downloads := "reachable", "on"
	if r.AdvertisedOnly {
		wants = "advertised"
	}
	if r.NoArchives {
		downloads = "off"
	}
	bundles := []string{}
	for _, b := range r.Bundles {
		bundles = append(bundles, b.ID+"="+b.URI)
	}
	return map[string]any{
		"fetch.hide_refs": some(r.Hidden), "fetch.wants": wants, "fetch.bundles": bundles, "receive.deny_deletes": r.DenyDeletes,
		"receive.deny_force": r.DenyForce, "receive.secrets": string(r.Secrets), "receive.secrets_no_skip": r.NoSkip,
		"receive.exempt": some(r.Exempt), "downloads": downloads,
	}
}

// some is a list that JSON shows as one where it is empty.
func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// listed is the parts of a list without empty ones.
func listed(value string) []string {
	var list []string
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

func switched(key, value string) (bool, error) {
	if value == "" {
		return false, nil
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		return false, bad("%s is true or false, not %q", key, value)
	}
	return on, nil
}

func bundles(value string) ([]Bundle, error) {
	var list []Bundle
	for _, part := range listed(value) {
		id, uri, ok := strings.Cut(part, "=")
		if !ok {
			return nil, bad("the bundle %q is not NAME=URI", part)
		}
		list = append(list, Bundle{ID: id, URI: uri})
	}
	return list, nil
}
