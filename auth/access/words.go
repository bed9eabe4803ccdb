package access

import (
	"maps"
	"slices"

	"jeton/db"
)

// words is what was given to whom on objects, and who is in which user group. It is guarded by whoever holds it.
type words struct {
	// given is by the object's id, then by who: keyOf.
	given map[string]map[subjectKey]Level
	// groups are the user groups that somebody is in, by the person's id.
	groups map[string][]string
}

// subjectKey is a person's or user group's id, "" for everyone.
type subjectKey string

// wordsOf are the permissions that a condition names, and who is in which user group.
func wordsOf(r reading, is func(db.Permission) bool) words {
	w := words{given: map[string]map[subjectKey]Level{}, groups: maps.Clone(r.members)}
	for _, p := range r.given {
		if is(p) {
			w.give(p)
		}
	}
	return w
}

// give notes a permission; a level that this program does not know gives nothing.
func (w words) give(p db.Permission) {
	level, err := ParseLevel(p.Level)
	if err != nil {
		level = None
	}
	on := w.given[p.On()]
	if on == nil {
		on = map[subjectKey]Level{}
		w.given[p.On()] = on
	}
	on[keyOf(p)] = level
}

func (w words) take(p db.Permission) {
	delete(w.given[p.On()], keyOf(p))
	if len(w.given[p.On()]) == 0 {
		delete(w.given, p.On())
	}
}

func keyOf(p db.Permission) subjectKey {
	if p.UserID != nil {
		return subjectKey(*p.UserID)
	}
	return subjectKey(value(p.UserGroupID))
}

func (w words) join(m db.UserGroupMember) {
	w.groups[m.UserID] = append(slices.Clone(w.groups[m.UserID]), m.UserGroupID)
}

func (w words) leave(m db.UserGroupMember) {
	left := slices.DeleteFunc(slices.Clone(w.groups[m.UserID]), func(id string) bool { return id == m.UserGroupID })
	if w.groups[m.UserID] = left; len(left) == 0 {
		delete(w.groups, m.UserID)
	}
}

// forget drops what is about an object that is gone, and what a subject that is gone was given.
func (w words) forget(id string) {
	delete(w.given, id)
	for on, levels := range w.given {
		if delete(levels, subjectKey(id)); len(levels) == 0 {
			delete(w.given, on)
		}
	}
}

// disband drops a user group.
func (w words) disband(groupID string) {
	w.forget(groupID)
	for userID := range w.groups {
		w.leave(db.UserGroupMember{UserID: userID, UserGroupID: groupID})
	}
}

// level is the best of the nearest words for everyone who speaks for a person. on are the ids of what it is about and of
// what that lies in, nearest first, in two parts so that no caller has to join them.
func (w words) level(userID, on string, above []string) Level {
	if userID == "" {
		return None
	}
	var room [8]subjectKey // most decisions need no memory of their own
	h := hearing{user: subjectKey(userID), groups: w.groups[userID], heard: room[:0]}
	h.hear(w.given[on])
	for _, id := range above {
		if h.best == Admin {
			break
		}
		h.hear(w.given[id])
	}
	return h.best
}

// hearing is one decision: who has spoken already, and the best that was said.
type hearing struct {
	user   subjectKey
	groups []string
	heard  []subjectKey
	best   Level
}

// hear takes what was given on the next object outwards; whoever spoke nearer is not heard again.
func (h *hearing) hear(given map[subjectKey]Level) {
	if len(given) == 0 {
		return
	}
	if len(given) < len(h.groups) {
		for who, level := range given {
			if who == "" || who == h.user || slices.Contains(h.groups, string(who)) {
				h.say(who, level)
			}
		}
		return
	}
	for _, who := range [...]subjectKey{h.user, ""} {
		if level, spoke := given[who]; spoke {
			h.say(who, level)
		}
	}
	for _, id := range h.groups {
		if level, spoke := given[subjectKey(id)]; spoke {
			h.say(subjectKey(id), level)
		}
	}
}

func (h *hearing) say(who subjectKey, level Level) {
	if !slices.Contains(h.heard, who) {
		h.heard = append(h.heard, who)
		h.best = max(h.best, level)
	}
}

// list is what was given on an object. Who is a person and who a user group is told by isPerson.
func (w words) list(on string, isPerson func(id string) bool) []Permission {
	list := make([]Permission, 0, len(w.given[on]))
	for who, level := range w.given[on] {
		to := Subject{UserGroupID: string(who)}
		switch {
		case who == "":
			to = Subject{Everyone: true}
		case isPerson(string(who)):
			to = Subject{UserID: string(who)}
		}
		list = append(list, Permission{To: to, Level: level})
	}
	return list
}
