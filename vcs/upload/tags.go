package upload

import (
	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/reach"
)

// includeTags adds annotated tags whose objects are sent (gitprotocol-capabilities, "include-tag"), with the tags
// between them and the object.
func (c *conversation) includeTags(plan *reach.Plan) error {
	tagsOf := map[oid.ID][]oid.ID{}
	for _, ref := range c.view.Refs.WithPrefix("refs/tags/") {
		if c.sight.Shows(&ref) && !ref.Peeled.IsZero() {
			tagsOf[ref.Peeled] = append(tagsOf[ref.Peeled], ref.ID)
		}
	}
	sent, err := whatGoesAlong(plan, tagsOf)
	if err != nil || len(sent) == 0 {
		return err
	}
	chains := map[oid.ID]bool{}
	for _, id := range sent {
		if err := c.chain(id, chains); err != nil {
			return err
		}
	}
	// A pack must not name an object twice: what is wanted by itself, or lies in a whole pack, is on its way already.
	for _, id := range plan.Objects {
		delete(chains, id)
	}
	for id := range chains {
		there, err := inside(plan.Whole, id)
		if err != nil {
			return err
		}
		if there {
			delete(chains, id)
		}
	}
	added := make([]oid.ID, 0, len(chains))
	for id := range chains {
		added = append(added, id)
	}
	plan.Objects = append(plan.Objects, normal(added)...) // in the same order each time
	return nil
}

// whatGoesAlong are the tags whose objects are part of the plan.
func whatGoesAlong(plan *reach.Plan, tagsOf map[oid.ID][]oid.ID) ([]oid.ID, error) {
	if len(tagsOf) == 0 {
		return nil, nil
	}
	var sent []oid.ID
	for _, id := range plan.Objects {
		sent = append(sent, tagsOf[id]...)
	}
	for peeled, tags := range tagsOf {
		there, err := inside(plan.Whole, peeled)
		if err != nil {
			return nil, err
		}
		if there {
			sent = append(sent, tags...)
		}
	}
	return sent, nil
}

// chain adds a tag and those that it leads through.
func (c *conversation) chain(id oid.ID, to map[oid.ID]bool) error {
	for range maxTags {
		if to[id] {
			return nil
		}
		kind, data, err := c.view.Objects.Read(id, maxObject)
		if err != nil || kind != plumbing.TagObject {
			return err
		}
		to[id] = true
		if id, _, err = object.ParseTag(data); err != nil {
			return err
		}
	}
	return nil
}

// inside reports whether one of the packs holds an object.
func inside(packs []*pack.Pack, id oid.ID) (bool, error) {
	for _, p := range packs {
		if _, ok, err := p.Find(id); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
