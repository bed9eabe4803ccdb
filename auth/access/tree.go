package access

import (
	"strings"

	"jeton/db"
)

// tree is every group and repository by its place, and the names that they had before. It is guarded by whoever holds it.
type tree struct {
	groups   map[string]*branch
	repos    map[string]*leaf
	groupAt  map[place]string
	repoAt   map[place]string
	oldGroup map[place]string
	// oldRepo leads to "" where another repository has taken the name.
	oldRepo map[place]string
}

// place is a folded name in a group.
type place struct{ group, folded string }

type branch struct {
	Group
	name   string
	parent place
	// inside are the ids that what lies in it has as its Groups; shared, never changed.
	inside []string
	about  AboutGroup
}

type leaf struct {
	Repository
	name  string
	at    place
	about About
}

func newTree() tree {
	return tree{groups: map[string]*branch{}, repos: map[string]*leaf{}, groupAt: map[place]string{}, repoAt: map[place]string{},
		oldGroup: map[place]string{}, oldRepo: map[place]string{}}
}

// treeOf is all that lives, and all old names.
func treeOf(r reading) tree {
	t := newTree()
	t.plant(r.groups, r.repos)
	for _, o := range r.old {
		t.remember(o)
	}
	return t
}

// plant takes in all groups that live, whatever their order, and then repositories.
func (t *tree) plant(groups []db.Group, repos []db.Repository) {
	for _, g := range groups {
		t.place(g)
	}
	for _, b := range t.groups {
		t.name(b)
	}
	for _, r := range repos {
		t.putRepo(r)
	}
}

// putGroup takes in a group as it stands now. Where it has another name or place than before, all that lies in it has.
func (t *tree) putGroup(g db.Group) {
	old := t.groups[g.ID]
	moved := old != nil && (old.parent != place{g.ParentID, g.FoldedName} || old.name != g.Name)
	b := t.place(g)
	if !moved {
		t.name(b)
		return
	}
	for _, b := range t.groups {
		b.inside = nil
	}
	for _, b := range t.groups {
		t.name(b)
	}
	for _, l := range t.repos {
		t.nameRepo(l)
	}
}

func (t *tree) place(g db.Group) *branch {
	t.dropGroup(g.ID)
	b := &branch{Group: Group{ID: g.ID, OwnerID: value(g.OwnerID)}, name: g.Name, parent: place{g.ParentID, g.FoldedName},
		about: AboutGroup{Description: g.Description, CreatedAt: g.CreatedAt}}
	t.groups[g.ID] = b
	if g.ID != db.RootGroup {
		t.groupAt[b.parent] = g.ID
	}
	return b
}

func (t *tree) dropGroup(id string) {
	if old := t.groups[id]; old != nil {
		delete(t.groups, id)
		if t.groupAt[old.parent] == id {
			delete(t.groupAt, old.parent)
		}
	}
}

// name fills in what follows from where a group lies.
func (t *tree) name(b *branch) {
	if b.inside != nil || b.ID == db.RootGroup {
		return
	}
	above := t.groups[b.parent.group]
	if above == nil { // it was told before what it lies in; that one's coming names it
		return
	}
	t.name(above)
	b.Path, b.Groups = join(above.Path, b.name), above.inside
	b.inside = append([]string{b.ID}, above.inside...)
}

func (t *tree) putRepo(r db.Repository) {
	t.dropRepo(r.ID)
	l := &leaf{name: r.Name, at: place{r.GroupID, r.FoldedName}, about: About{Description: r.Description, CreatedAt: r.CreatedAt, ForkOf: value(r.ForkOf)},
		Repository: Repository{ID: r.ID, OwnerID: r.OwnerID, Private: r.Private, Archived: r.Archived}}
	t.nameRepo(l)
	t.repos[r.ID], t.repoAt[l.at] = l, r.ID
}

func (t *tree) nameRepo(l *leaf) {
	if in := t.groups[l.at.group]; in != nil {
		l.Path, l.Groups = join(in.Path, l.name), in.inside
	}
}

func (t *tree) dropRepo(id string) {
	if old := t.repos[id]; old != nil {
		delete(t.repos, id)
		if t.repoAt[old.at] == id {
			delete(t.repoAt, old.at)
		}
	}
}

// remember takes in an old name.
func (t *tree) remember(o db.OldName) {
	at := place{o.ParentID, o.FoldedName}
	if o.GroupID != nil {
		t.oldGroup[at] = *o.GroupID
		return
	}
	t.oldRepo[at] = value(o.RepositoryID)
}

// find is the repository that lives at a folded path, else the one that an old path leads to; nil where there is none.
func (t *tree) find(folded string) *leaf {
	id, _ := t.lead(db.RootGroup, folded)
	return t.repos[id]
}

// forgetRepo drops the old names of a repository that will not come back, as the database does.
func (t *tree) forgetRepo(id string) {
	for at, led := range t.oldRepo {
		if led == id {
			delete(t.oldRepo, at)
		}
	}
}

// descend goes down as far as groups live: the deepest one, and the rest of the path, which holds at least its last segment.
func (t *tree) descend(folded string) (groupID, rest string) {
	groupID = db.RootGroup
	for {
		segment, rest, more := strings.Cut(folded, "/")
		next, lives := t.groupAt[place{groupID, segment}]
		if !more || !lives {
			return groupID, folded
		}
		groupID, folded = next, rest
	}
}

// lead goes down a path. At each segment what lives goes before what was called so, thus a path on which all live wins;
// the first repository's name that is found ends the search, also one that leads to nothing.
func (t *tree) lead(groupID, folded string) (repoID string, found bool) {
	segment, rest, more := strings.Cut(folded, "/")
	at := place{groupID, segment}
	if !more {
		if repoID, found = t.repoAt[at]; !found {
			repoID, found = t.oldRepo[at]
		}
		return repoID, found
	}
	if id, lives := t.groupAt[at]; lives {
		if repoID, found = t.lead(id, rest); found {
			return repoID, true
		}
	}
	if id, was := t.oldGroup[at]; was {
		return t.lead(id, rest)
	}
	return "", false
}

// findGroup is the group that lives at a folded path; nil where there is none.
func (t *tree) findGroup(folded string) *branch {
	id, rest := t.descend(folded)
	if strings.Contains(rest, "/") || rest == "" {
		return nil
	}
	return t.groups[t.groupAt[place{id, rest}]]
}

func join(above, name string) string {
	if above == "" {
		return name
	}
	return above + "/" + name
}
