// Package sample fills an empty repository with a little history, so that a newcomer has something to clone. The objects
// are made here and go the way of a push: a pack, quarantined, checked and indexed by the engine, made visible with refs.
package sample

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"jeton/vcs/oid"
	"jeton/vcs/pack"
	"jeton/vcs/pack/ingest"
	"jeton/vcs/storage"
)

// Fill writes three commits on main and the tag v1.0 into an empty repository, in the name of an actor.
func Fill(ctx context.Context, repo storage.Repository, by storage.Actor, now time.Time) (err error) {
	b := &builder{written: map[oid.ID]bool{}, who: fmt.Sprintf("%s <%s>", by.Name, by.Email)}
	head, tag := b.history(now)
	if b.err != nil {
		return fmt.Errorf("make the sample: %w", b.err)
	}
	q, err := repo.Quarantine(ctx)
	if err != nil {
		return fmt.Errorf("make the sample: %w", err)
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	received, err := ingest.Receive(ctx, bytes.NewReader(b.pack()), ingest.Options{Dir: q.Dir()})
	if err != nil {
		return fmt.Errorf("make the sample: %w", err)
	}
	staged, err := q.Stage(ctx, received.Name, &pack.Roots{IDs: []oid.ID{head, tag}, Closed: true})
	if err != nil {
		return fmt.Errorf("make the sample: %w", err)
	}
	view, err := repo.View(ctx)
	if err != nil {
		return fmt.Errorf("make the sample: %w", err)
	}
	defer view.Close()
	results, err := repo.Update(ctx, view.Refs.Basis, storage.Batch{Atomic: true, Actor: by, Reason: "quickstart",
		Staged:  []storage.Staged{staged},
		Updates: []storage.RefUpdate{{Name: "refs/heads/main", New: head}, {Name: "refs/tags/v1.0", New: tag}}})
	for _, r := range results {
		err = errors.Join(err, r.Err)
	}
	return err
}

// builder collects the entries of a pack.
type builder struct {
	who     string
	entries bytes.Buffer
	written map[oid.ID]bool
	err     error
}

// file is a file of a tree; trees here have no folders.
type file struct{ name, content string }

// history makes the sample's objects and returns the last commit and the tag's object.
func (b *builder) history(now time.Time) (head, tag oid.ID) {
	readme := file{"README.md", "# Hello\n\nThis is a sample. Clone it, change it, push it back.\n"}
	script := file{"hello.sh", "#!/bin/sh\necho \"Hello, ${1:-world}!\"\n"}
	guide := file{"README.md", readme.content + "\n    sh hello.sh you\n"}
	var parent oid.ID
	for i, c := range []struct {
		message string
		files   []file
	}{
		{"Say what this is", []file{readme}},
		{"Greet whoever asks", []file{readme, script}},
		{"Tell how to run it", []file{guide, script}},
	} {
		parent = b.commit(parent, c.message, now.Add(time.Duration(i-3)*time.Hour), c.files)
	}
	tag = b.add(plumbing.TagObject, fmt.Appendf(nil, "object %s\ntype commit\ntag v1.0\ntagger %s %d +0000\n\nThe first version\n", parent, b.who, now.Unix()))
	return parent, tag
}

func (b *builder) commit(parent oid.ID, message string, at time.Time, files []file) oid.ID {
	var tree []byte
	for _, f := range files { // in the order of names, as git wants trees
		id := b.add(plumbing.BlobObject, []byte(f.content))
		tree = append(fmt.Appendf(tree, "100644 %s\x00", f.name), id[:]...)
	}
	text := fmt.Appendf(nil, "tree %s\n", b.add(plumbing.TreeObject, tree))
	if parent != oid.Zero {
		text = fmt.Appendf(text, "parent %s\n", parent)
	}
	return b.add(plumbing.CommitObject, fmt.Appendf(text, "author %s %d +0000\ncommitter %s %d +0000\n\n%s\n", b.who, at.Unix(), b.who, at.Unix(), message))
}

// add writes an entry (gitformat-pack, "pack-*.pack files have the following format"). An object that comes twice is
// written once.
func (b *builder) add(t plumbing.ObjectType, content []byte) oid.ID {
	id, err := oid.Of(t, content)
	if err != nil || b.written[id] {
		b.err = errors.Join(b.err, err)
		return id
	}
	b.written[id] = true
	size := uint64(len(content))
	first := byte(t)<<4 | byte(size&15)
	if size >>= 4; size > 0 {
		b.entries.WriteByte(first | 0x80)
		b.entries.Write(binary.AppendUvarint(nil, size))
	} else {
		b.entries.WriteByte(first)
	}
	z := zlib.NewWriter(&b.entries)
	_, _ = z.Write(content) // into memory
	_ = z.Close()
	return id
}

// pack is the whole pack with header and trailer.
func (b *builder) pack() []byte {
	p := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(b.written)))
	p = append(p, b.entries.Bytes()...)
	sum := oid.NewSum()
	_, _ = sum.Write(p)
	return sum.Sum(p)
}
