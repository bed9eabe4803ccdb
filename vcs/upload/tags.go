package upload

import (
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/object"
	"jeton/vcs/oid"
	"jeton/vcs/reach"
)

// includeTags adds annotated tags whose objects are sent (gitprotocol-capabilities, "include-tag"), with the tags
// between them and the object.
func (c *conversation) includeTags(plan *reach.Plan) error {
	tagsOf := map[oid.ID][]oid.ID{}
	for _, ref := range c.view.Refs.WithPrefix("refs/tags/") {
		if !ref.Peeled.IsZero() && !strings.HasPrefix(ref.Name, "refs/jeton/") {
			tagsOf[ref.Peeled] = append(tagsOf[ref.Peeled], ref.ID)
		}
	}
	if len(tagsOf) == 0 {
		return nil
	}
	there := map[oid.ID]bool{}
	var sent []oid.ID
	for _, id := range plan.Objects {
		if tags, ok := tagsOf[id]; ok {
			sent = append(sent, tags...)
		}
		there[id] = true
	}
	for _, p := range plan.Whole {
		for peeled, tags := range tagsOf {
			if _, ok, err := p.Find(peeled); err != nil {
				return err
			} else if ok {
				sent = append(sent, tags...)
			}
		}
	}
	for _, id := range sent {
		if err := c.addTag(plan, there, id); err != nil {
			return err
		}
	}
	return nil
}

// addTag adds a tag and those that it leads through.
func (c *conversation) addTag(plan *reach.Plan, there map[oid.ID]bool, id oid.ID) error {
	for !there[id] {
		for _, p := range plan.Whole {
			if _, ok, err := p.Find(id); ok || err != nil {
				return err
			}
		}
		kind, data, err := c.view.Objects.Read(id, 64<<20)
		if err != nil || kind != plumbing.TagObject {
			return err
		}
		there[id] = true
		plan.Objects = append(plan.Objects, id)
		if id, _, err = object.ParseTag(data); err != nil {
			return err
		}
	}
	return nil
}
