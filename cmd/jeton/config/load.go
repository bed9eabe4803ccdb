package config

import (
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"

	"jeton/vcs/name"
)

// FileName is the configuration file's name in the data folder.
const FileName = "jeton.toml"

// Sources are where Load reads from.
type Sources struct {
	// File is the configuration file; it must be there where FileRequired is set.
	File         string
	FileRequired bool
	// Environ is the process's environment, as os.Environ gives it.
	Environ []string
	// Flags are parsed flags, declared by Declare; nil for none.
	Flags *pflag.FlagSet
}

// Value is the effective value of a setting, and the layer it is from: "default", the file's path, the variable, or the flag.
type Value struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

// Declare adds a flag for every setting to a flag set.
func Declare(f *pflag.FlagSet) {
	for _, k := range Keys() {
		// What stands between backquotes would be shown as the name of the flag's value.
		meaning := strings.ReplaceAll(strings.TrimSuffix(k.Meaning, "."), "`", "")
		usage := fmt.Sprintf("%s [%s, %s]", meaning, k.Name, k.Variable())
		if k.Type == Switch {
			f.Bool(k.FlagName(), k.Default == "true", usage)
			continue
		}
		f.String(k.FlagName(), k.Default, usage)
	}
}

// Load reads all layers, checks every value, and returns the settings. Its errors name the setting and where it was set.
func Load(s Sources) (*Settings, error) {
	set := &Settings{keys: map[string]Key{}, values: map[string]Value{}}
	k := koanf.New(".")
	defaults := map[string]any{}
	for _, key := range Keys() {
		set.keys[key.Name] = key
		defaults[key.Name] = key.Default
	}
	if err := k.Load(confmap.Provider(defaults, "."), nil); err != nil {
		return nil, fmt.Errorf("read the defaults: %w", err)
	}
	layers := []func(Sources) (*koanf.Koanf, func(Key) string, error){fromFile, fromEnviron, fromFlags}
	for name := range set.keys {
		set.values[name] = Value{Name: name, Value: k.String(name), Source: "default"}
	}
	for _, layer := range layers {
		l, source, err := layer(s)
		if err != nil {
			return nil, err
		}
		if err := set.take(l, source); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// take puts the values of one layer over what is there.
func (s *Settings) take(l *koanf.Koanf, source func(Key) string) error {
	names := l.Keys()
	sort.Strings(names)
	for _, name := range names {
		key, ok := s.keys[name]
		if !ok {
			return fmt.Errorf("%s: there is no setting %q; did you mean %q?", source(Key{Name: name}), name, nearest(name))
		}
		value := text(l.Get(name))
		if err := key.check(value); err != nil {
			return fmt.Errorf("%s: %w", source(key), err)
		}
		s.values[name] = Value{Name: name, Value: value, Source: source(key)}
	}
	return nil
}

// text is a value of any layer as text; an array is written with commas.
func text(v any) string {
	if list, ok := v.([]any); ok {
		parts := make([]string, len(list))
		for i, p := range list {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v)
}

func fromFile(s Sources) (*koanf.Koanf, func(Key) string, error) {
	k := koanf.New(".")
	source := func(Key) string { return s.File }
	if s.File == "" {
		return k, source, nil
	}
	err := k.Load(file.Provider(s.File), toml.Parser())
	if errors.Is(err, fs.ErrNotExist) && !s.FileRequired {
		return koanf.New("."), source, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the configuration file %s: %w", s.File, err)
	}
	return k, source, nil
}

// fromEnviron takes the variables of settings; other JETON_ variables (JETON_DATA) belong to the commands.
func fromEnviron(s Sources) (*koanf.Koanf, func(Key) string, error) {
	names := map[string]string{}
	for _, key := range Keys() {
		names[key.Variable()] = key.Name
	}
	k := koanf.New(".")
	err := k.Load(env.Provider(".", env.Opt{
		Prefix:        "JETON_",
		EnvironFunc:   func() []string { return s.Environ },
		TransformFunc: func(name, value string) (string, any) { return names[name], value },
	}), nil)
	if err != nil {
		return nil, nil, fmt.Errorf("read the environment: %w", err)
	}
	return k, Key.Variable, nil
}

func fromFlags(s Sources) (*koanf.Koanf, func(Key) string, error) {
	k := koanf.New(".")
	source := func(key Key) string { return "--" + key.FlagName() }
	if s.Flags == nil {
		return k, source, nil
	}
	names := map[string]string{}
	for _, key := range Keys() {
		names[key.FlagName()] = key.Name
	}
	p := posflag.ProviderWithValue(s.Flags, ".", nil, func(flag, value string) (string, any) { return names[flag], value })
	if err := k.Load(p, nil); err != nil {
		return nil, nil, fmt.Errorf("read the flags: %w", err)
	}
	return k, source, nil
}

// nearest is the setting whose name needs the fewest changes to become word.
func nearest(word string) string {
	var names []string
	for _, k := range Keys() {
		names = append(names, k.Name)
	}
	return name.Nearest(word, names, 1)[0]
}
