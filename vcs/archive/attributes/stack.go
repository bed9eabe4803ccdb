package attributes

import (
	"slices"
	"strings"
)

// Stack is the files of attributes that are in force on the way down a tree. Not for concurrent use.
type Stack struct {
	files []file
	// macros are those of the top folder's file; matter are the names that can decide one of the two attributes.
	macros map[string][]state
	matter map[string]bool
	rules  int
	// work is what was done, in steps, and most what may be: MaxWork.
	work, most int
}

// file is what is kept of one file; folder ends in a slash, or is "".
type file struct {
	folder string
	rules  []line
}

// New makes a stack with no files.
func New() *Stack {
	return &Stack{most: MaxWork, matter: map[string]bool{exportIgnore: true, exportSubst: true}}
}

// Push puts the attributes of a folder in force, whose path ends in a slash and is "" for the top; data is nil where it has
// none. ErrTooMuch.
func (s *Stack) Push(folder string, data []byte) error {
	if s.work += len(data); s.work > s.most { // a file may stand in millions of folders
		return ErrTooMuch
	}
	f := file{folder: folder}
	all := lines(data, folder == "")
	if folder == "" {
		s.define(all)
	}
	for _, l := range all {
		if l.macro != "" {
			continue
		}
		if l.states = s.mattering(l.states); len(l.states) > 0 {
			f.rules = append(f.rules, l)
		}
	}
	s.files = append(s.files, f)
	if s.rules += len(f.rules); s.rules > MaxRules {
		return ErrTooMuch
	}
	return nil
}

// Pop takes back the last Push.
func (s *Stack) Pop() {
	last := len(s.files) - 1
	s.rules -= len(s.files[last].rules)
	s.files = s.files[:last]
}

// define takes the macros of the top folder's file, of which a later one of a name wins, and finds out which matter.
func (s *Stack) define(all []line) {
	s.macros = map[string][]state{}
	usedBy := map[string][]string{}
	for _, l := range all {
		if l.macro != "" {
			s.macros[l.macro] = l.states
		}
	}
	for name, states := range s.macros {
		for _, st := range states {
			usedBy[st.name] = append(usedBy[st.name], name)
		}
	}
	for todo := []string{exportIgnore, exportSubst}; len(todo) > 0; {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, macro := range usedBy[name] {
			if !s.matter[macro] {
				s.matter[macro] = true
				todo = append(todo, macro)
			}
		}
	}
}

// mattering is those of some states that can decide one of the two attributes.
func (s *Stack) mattering(states []state) []state {
	return slices.DeleteFunc(states, func(st state) bool { return !s.matter[st.name] })
}

// Export is what the attributes say of one path.
type Export struct {
	// Ignore says that it is left out, Subst that placeholders in it are filled in.
	Ignore, Subst bool
}

// Get says what holds for a path, which ends in a slash where it is a folder or a submodule. The files of the folders that
// it lies in are in force, its own is not. ErrTooMuch.
func (s *Stack) Get(path string) (Export, error) {
	if s.rules == 0 {
		return Export{}, nil
	}
	got := decided{}
	for i := len(s.files) - 1; i >= 0; i-- {
		f := &s.files[i]
		for j := len(f.rules) - 1; j >= 0; j-- {
			ok, steps := f.rules[j].pattern.match(path, f.folder)
			if s.work += 1 + steps; s.work > s.most {
				return Export{}, ErrTooMuch
			}
			if ok {
				s.decide(got, f.rules[j].states)
			}
			if got[exportIgnore] != 0 && got[exportSubst] != 0 {
				break
			}
		}
	}
	return Export{Ignore: got[exportIgnore] == set, Subst: got[exportSubst] == set}, nil
}

// decided is what was said first of each attribute, from the strongest word on.
type decided map[string]value

// decide takes what a line says, from its last word on, where nothing stronger was said yet.
func (s *Stack) decide(got decided, states []state) {
	s.work += len(states)
	for i := len(states) - 1; i >= 0; i-- {
		st := states[i]
		if got[st.name] != 0 || !s.matter[st.name] { // macros hold others too
			continue
		}
		got[st.name] = st.value
		if st.value == set {
			s.decide(got, s.macros[st.name])
		}
	}
}

// base is the last part of a path, without the slash of a folder.
func base(path string) string {
	path = strings.TrimSuffix(path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}
