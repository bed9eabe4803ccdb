package fsck

import (
	"bytes"

	"jeton/vcs/name"
)

// Tag finds what is wrong with a tag. Where its link or its name's line cannot be read nothing else is looked for.
func Tag(content []byte) Set {
	if bad := header(content); bad != 0 {
		return bad
	}
	b, ok := bytes.CutPrefix(content, []byte("object "))
	if !ok {
		return of(MissingObject)
	}
	if b, ok = cutID(b); !ok {
		return of(BadObjectSha1)
	}
	if b, ok = bytes.CutPrefix(b, []byte("type ")); !ok {
		return of(MissingTypeEntry)
	}
	kind, b, ok := bytes.Cut(b, []byte{'\n'})
	if !ok {
		return of(MissingType)
	}
	switch string(kind) {
	case "commit", "tree", "blob", "tag":
	default:
		return of(BadType)
	}
	if b, ok = bytes.CutPrefix(b, []byte("tag ")); !ok {
		return of(MissingTagEntry)
	}
	called, b, ok := bytes.Cut(b, []byte{'\n'})
	if !ok {
		return of(MissingTag)
	}
	found := tagger(b)
	if !name.Ref("refs/tags/" + string(called)) {
		found.add(BadTagName)
	}
	return found
}

// tagger checks what follows the tag's name: a person, and then the message.
func tagger(b []byte) Set {
	var found Set
	if rest, ok := bytes.CutPrefix(b, []byte("tagger ")); ok {
		var line []byte
		line, b, _ = bytes.Cut(rest, []byte{'\n'})
		found = person(line)
	} else {
		found.add(MissingTaggerEntry)
	}
	if len(b) > 0 && b[0] != '\n' {
		found.add(ExtraHeaderEntry)
	}
	return found
}
