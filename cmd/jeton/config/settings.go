package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"jeton/auth/mask"
)

// Settings are the effective values. They are checked when they are loaded, so that reading one cannot fail; asking for a
// name that is not in the table is a mistake of the program and panics.
type Settings struct {
	keys   map[string]Key
	values map[string]Value
}

// All is every setting with its source, in the table's order; of a secret, whether there is one, and of a token that stands
// in a value, its hint.
func (s *Settings) All() []Value {
	var all []Value
	for _, k := range Keys() {
		v := s.values[k.Name]
		if k.Secret && v.Value != "" {
			v.Value = "(set, and not shown)"
		}
		v.Value = mask.Tokens(v.Value)
		all = append(all, v)
	}
	return all
}

// Text is a setting as text.
func (s *Settings) Text(name string) string {
	v, ok := s.values[name]
	if !ok {
		panic(fmt.Sprintf("config: there is no setting %q", name))
	}
	return v.Value
}

// Source is the layer that a setting is from: "default", the file's path, the variable, or the flag.
func (s *Settings) Source(name string) string {
	_ = s.Text(name)
	return s.values[name].Source
}

// On is a switch.
func (s *Settings) On(name string) bool {
	on, _ := strconv.ParseBool(s.Text(name))
	return on
}

// Bytes is a size.
func (s *Settings) Bytes(name string) int64 {
	n, _ := ParseSize(s.Text(name))
	return n
}

// Number is a whole number, 0 or more.
func (s *Settings) Number(name string) int64 {
	n, _ := strconv.ParseInt(s.Text(name), 10, 64)
	return n
}

// Duration is a span of time.
func (s *Settings) Duration(name string) time.Duration {
	d, _ := time.ParseDuration(s.Text(name))
	return d
}

// List is a list without empty elements.
func (s *Settings) List(name string) []string {
	var list []string
	for part := range strings.SplitSeq(s.Text(name), ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// Document is docs/configuration.md.
func Document() string {
	var b strings.Builder
	b.WriteString(`# Configuration

This file is generated from the table in cmd/jeton/config/keys.go; ` + "`go test ./cmd/jeton/config`" + ` says when it is not current,
and ` + "`go test ./cmd/jeton/config -update`" + ` writes it anew.

A setting is read from, later ones winning: its default, the file ` + "`jeton.toml`" + ` in the data folder (or the one that ` + "`--config`" + `
names), its environment variable, its flag. ` + "`jeton config`" + ` prints the values in force and where each comes from. An unknown
setting in the file is an error. Sizes are bytes, or a number with KiB, MiB, GiB or TiB. Commands take the data folder from
` + "`--data`" + `, else from ` + "`JETON_DATA`" + `, else it is ` + "`./jeton-data`" + `.

`)
	section := ""
	for _, k := range Keys() {
		if name, _, _ := strings.Cut(k.Name, "."); name != section {
			section = name
			fmt.Fprintf(&b, "## %s\n\n| setting | type | default | flag | variable | meaning |\n|---|---|---|---|---|---|\n", section)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | `--%s` | `%s` | %s |\n", k.Name, k.Type, shown(k.Default), k.FlagName(), k.Variable(), k.Meaning)
		if nextSection(k.Name) != section {
			b.WriteString("\n")
		}
	}
	b.WriteString("An example:\n\n```toml\n[server]\nurl = \"https://code.example.com\"\nhttp = \"0.0.0.0:443\"\n" +
		"tls_cert = \"/etc/jeton/cert.pem\"\ntls_key = \"/etc/jeton/key.pem\"\n\n[receive]\nmax_blob = \"500MiB\"\n```\n")
	return b.String()
}

func shown(value string) string {
	if value == "" {
		return "(empty)"
	}
	return "`" + value + "`"
}

// nextSection is the section of the setting behind a name; "" behind the last.
func nextSection(name string) string {
	keys := Keys()
	for i, k := range keys[:len(keys)-1] {
		if k.Name == name {
			section, _, _ := strings.Cut(keys[i+1].Name, ".")
			return section
		}
	}
	return ""
}
